"""From distances to the scores of a ranking.

The rank of a true match is the number of wrong items before it plus the number of true matches before it. So the wrong
items of a query are sorted by value alone, without their indices, and its few matches are looked up among them.
"""

from math import inf, nan
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from reid.errors import InputError

AveragePrecision = Literal["step", "trapezoid"]
Ties = Literal["pessimistic", "optimistic"]


class Scores(NamedTuple):
    """The scores of B queries, on the CPU."""

    average_precision: Tensor
    """[B] float64; nan for a query without a true match."""
    first_rank: Tensor
    """[B] 0-based rank of the first true match; -1 without one."""
    inverse_penalty: Tensor
    """[B] float64, matches / (1 + rank of the last match); nan without one."""
    tied: Tensor
    """[B] bool, whether a wrong item is exactly as far away as a true match."""
    matches: Tensor
    """[B] number of true matches."""
    wrong: Tensor
    """[B] number of wrong items."""


@torch.no_grad()
def score_rows(
    distances: Tensor, match: Tensor, wrong: Tensor, average_precision: AveragePrecision, ties: Ties
) -> Scores:
    """Score B queries.

    Args:
        distances: [B,G] smaller is better; only their order counts.
        match: [B,G] bool, the true matches.
        wrong: [B,G] bool, the wrong items; what is neither does not count.
        average_precision: see `reid.ranking.rank`.
        ties: see `reid.ranking.rank`.

    Raises:
        InputError: a distance is nan.

    >>> match = torch.tensor([[True, False, True]])
    >>> score_rows(torch.tensor([[0.1, 0.2, 0.3]]), match, ~match, "step", "pessimistic").average_precision
    tensor([0.8333], dtype=torch.float64)
    """
    row, column = _marked(match)
    hits = row.bincount(minlength=len(match))  # [B]
    matched = _pad_rows(distances[row, column], row, hits).sort(1).values  # [B,P]
    others = _ascending(torch.where(wrong, distances, inf))  # [B,G]; nan comes last
    if others[:, -1:].isnan().any() or matched.isnan().any():
        raise InputError("a distance is not a number: are the embeddings too large to be squared?")
    count = wrong.view(torch.uint8).sum(1, dtype=torch.int32)  # sums of bytes are vectorised, those of bools are not
    nearer, as_near = _before(matched, others, count[:, None])
    found = torch.arange(1, matched.shape[1] + 1, device=hits.device)
    places = found + (as_near if ties == "pessimistic" else nearer)
    tied = ((as_near > nearer) & (found <= hits[:, None])).any(1)
    return Scores(*_scores(places.cpu(), hits.cpu(), average_precision), tied.cpu(), hits.cpu(), count.cpu())


def _pad_rows(values: Tensor, row: Tensor, lengths: Tensor) -> Tensor:
    """Lay out ragged rows as [B,P], padded with inf; P is at least 1."""
    start = lengths.cumsum(0) - lengths
    padded = values.new_full((len(lengths), max([1, *lengths.tolist()])), inf)
    padded[row, torch.arange(len(row), device=row.device) - start[row]] = values
    return padded


def _marked(marks: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and columns of what is marked in [B,G] bool; on a CPU by numpy, which looks for few marks faster."""
    if marks.device.type != "cpu":
        row, column = marks.nonzero(as_tuple=True)
        return row, column
    flat = torch.from_numpy(np.flatnonzero(marks.numpy()))
    return flat // marks.shape[1], flat % marks.shape[1]


def _ascending(values: Tensor) -> Tensor:
    """Sort the rows of [B,G], which may be overwritten; on a CPU by numpy, whose sort is vectorised."""
    if values.device.type != "cpu":
        return values.sort(1).values
    values.numpy().sort(axis=1)
    return values


def _before(matched: Tensor, others: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Count the wrong items that are nearer than each match, and those that are nearer or as near, both [B,P].

    Args:
        matched: [B,P] ascending.
        others: [B,G] ascending distances of wrong items, filled up with inf.
        count: [B,1] how many wrong items there really are.
    """
    nearer, as_near = (torch.searchsorted(others, matched, side=side) for side in ("left", "right"))
    return nearer.minimum(count), as_near.minimum(count)


def _scores(places: Tensor, hits: Tensor, average_precision: AveragePrecision) -> tuple[Tensor, Tensor, Tensor]:
    """Compute average precision, first rank and inverse penalty from places [B,P], of which the first `hits` count."""
    found = torch.arange(1, places.shape[1] + 1, dtype=torch.float64)
    precision = found / places
    if average_precision == "trapezoid":
        before = ((found - 1) / (places - 1)).nan_to_num(nan=1.0)  # 0/0: nothing stands before the first place
        precision = (precision + before) / 2
    average = (precision * (found <= hits[:, None])).sum(1) / hits  # 0/0 = nan without a match
    first = torch.where(hits > 0, places[:, 0] - 1, -1)
    last = places.gather(1, (hits[:, None] - 1).clamp(min=0))[:, 0]
    return average, first, torch.where(hits > 0, hits.double() / last, nan)
