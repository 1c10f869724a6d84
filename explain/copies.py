"""Scores of many changed copies of one clip."""

from collections.abc import Callable

import torch
from torch import Tensor

from explain.targets import Target
from reid.errors import InputError
from reid.losses.base import full_precision
from reid.types import Output

Progress = Callable[[int, int], None]
"""Is told, after each forward pass, how many copies are scored and how many there are."""


class Tally:
    """Counts scored copies for whoever waits for them.

    Args:
        progress: who is told; None is nobody.
        total: how many copies there are.

    >>> tally = Tally(lambda done, total: print(f"{done} of {total}"), 5)
    >>> tally.add(3), tally.add(2)
    3 of 5
    5 of 5
    (None, None)
    """

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress = progress
        self.total = total
        self.done = 0

    def add(self, copies: int) -> None:
        """Count more copies."""
        self.done += copies
        if self.progress is not None:
            self.progress(self.done, self.total)


def score(target: Target, output: Output) -> Tensor:
    """Score n copies of one clip, [n] float32 whatever the precision of the network.

    Args:
        target: settled, and narrowed to this clip (`explain.targets.narrow`).
        output: the model's answer for the copies.

    Raises:
        ValueError: the target does not give one score a copy.
    """
    with full_precision(output.embedding.device):
        scores = target(output).float()
    if scores.shape != torch.Size([len(output.embedding)]):
        raise ValueError(
            f"a target scores each of the {len(output.embedding)} copies of a clip, not {list(scores.shape)}: one "
            "that holds a value for each clip must be a dataclass that says so (explain.targets.per_clip)"
        )
    return scores


def check_batch_size(batch_size: int) -> None:
    """Refuse a number of copies that no forward pass can have.

    Raises:
        InputError: it is less than 1.
    """
    if batch_size < 1:
        raise InputError(f"batch_size {batch_size}: expected 1 or more changed copies in a forward pass")
