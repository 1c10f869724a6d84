"""What the tests of methods that score changed copies share."""

import torch
from torch import Tensor, nn


def norm01(values: Tensor) -> Tensor:
    """Stretched to 0..1; a constant gives zeros."""
    span = values.max() - values.min()
    return (values - values.min()) / span if span > 0 else torch.zeros_like(values)


def forwards_of(module: nn.Module) -> list[int]:
    """How many clips or frames go into each run of a module, filled while it runs."""
    sizes: list[int] = []
    module.register_forward_pre_hook(lambda _module, inputs: sizes.append(len(inputs[0])))
    return sizes


def assert_the_same(raw: Tensor, expected: Tensor, within: float = 1e-4) -> None:
    """Equal up to a part of the largest value."""
    torch.testing.assert_close(raw, expected, rtol=0, atol=within * expected.abs().max().item())
