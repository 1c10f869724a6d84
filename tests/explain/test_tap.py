"""The graph begins at the tapped layer."""

from collections import OrderedDict
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from typing_extensions import override

from explain.tap import tap


class Pair(NamedTuple):
    tokens: Tensor
    grid: tuple[int, int]


class Layer(nn.Module):
    """Doubles what goes in, and puts it out in one of several forms."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form

    @override
    def forward(self, values: Tensor) -> Any:
        doubled = 2 * values
        return {
            "tensor": doubled,
            "tuple": (doubled, (1, 2)),
            "second": ((1, 2), doubled),
            "named": Pair(doubled, (1, 2)),
            "list": [doubled, None],
            "dict": OrderedDict(grid=(1, 2), tokens=doubled),
            "nothing": ("no", "tensor"),
        }[self.form]


def tensor_in(output: Any) -> Tensor:
    values = output.values() if isinstance(output, dict) else [output] if isinstance(output, Tensor) else output
    return next(value for value in values if isinstance(value, Tensor))


@pytest.mark.parametrize("form", ["tensor", "tuple", "second", "named", "list", "dict"])
def test_only_the_tensor_is_replaced(form: str) -> None:
    layer = Layer(form)
    values = torch.tensor([1.0, 3.0])
    plain = layer(values)
    with tap(layer) as leaves:
        tapped = layer(values)
    assert type(tapped) is type(plain)
    assert str([value for value in plain if not isinstance(value, Tensor)]) == str(
        [value for value in tapped if not isinstance(value, Tensor)]
    )
    assert leaves[0].is_leaf
    assert leaves[0].tolist() == [2.0, 6.0]
    (gradient,) = torch.autograd.grad((tensor_in(tapped) ** 2).sum(), leaves[0])
    assert gradient.tolist() == [4.0, 12.0]


def test_an_in_place_operation_behind_the_layer_changes_a_copy() -> None:
    layer = Layer("tensor")
    with tap(layer) as leaves:
        nn.functional.relu(layer(torch.tensor([-1.0, 1.0])), inplace=True)
    assert leaves[0].tolist() == [-2.0, 2.0]


def test_a_layer_above_another_one_keeps_its_graph() -> None:
    low, high = Layer("tensor"), Layer("tuple")
    with tap(low) as lower, tap(high) as higher:
        answer = tensor_in(high(low(torch.ones(2)))).sum()
    assert lower[0].is_leaf
    assert not higher[0].is_leaf
    both = torch.autograd.grad(answer, [lower[0], higher[0]])
    assert [gradient.tolist() for gradient in both] == [[2.0, 2.0], [1.0, 1.0]]


def test_the_hook_goes_also_after_an_error() -> None:
    layer = Layer("nothing")
    with pytest.raises(TypeError, match="not tuple without one"), tap(layer):
        layer(torch.ones(2))
    assert not layer._forward_hooks
