"""Whether an exported file answers as its model does."""

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor, nn

from reid.errors import InputError

TOLERANCE: Final = 1e-4
"""Largest difference, as a share of the largest number that is put out where that is above 1."""

Run = Callable[[Tensor], Sequence[Tensor]]
"""Runs a file on clips [B,3,T,H,W]."""


@torch.no_grad()
def largest_difference(model: nn.Module, run: Run, batches: Sequence[Tensor]) -> float:
    """Compare a file with the model that it was made of.

    Args:
        model: from clips to a tuple of tensors.
        run: the file.
        batches: clips [B,3,T,H,W], of several B.

    Raises:
        InputError: the file does not run on one of them, puts out other shapes, or differs by more than `TOLERANCE`.

    >>> double = nn.Module()
    >>> double.forward = lambda clip: (2 * clip,)
    >>> largest_difference(double, lambda clip: (clip + clip,), [torch.ones(1), torch.ones(3)])
    0.0
    """
    differences = [_difference(one, other) for batch in batches for one, other in _pairs(model, run, batch)]
    largest = max(differences)
    if not largest <= TOLERANCE:  # nan too
        raise InputError(
            f"the exported model differs from the original by {largest:.1e}, more than {TOLERANCE:.0e}: nothing was "
            "written; this backbone cannot be exported in this format"
        )
    return largest


def _pairs(model: nn.Module, run: Run, batch: Tensor) -> list[tuple[Tensor, Tensor]]:
    """What the model and the file say of a batch."""
    try:
        found = run(batch)
    except (RuntimeError, ValueError, TypeError) as error:
        raise InputError(
            f"the exported model does not run on a batch of {len(batch)}: {str(error).splitlines()[0][:160]}; nothing "
            "was written"
        ) from error
    return list(zip(model(batch), found, strict=True))


def _difference(one: Tensor, other: Tensor) -> float:
    """Largest difference of two tensors; infinite for other shapes."""
    if one.shape != other.shape:
        return float("inf")
    return float((one.float() - other.float()).abs().max() / one.float().abs().max().clamp_min(1))
