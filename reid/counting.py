"""From distances to the scores of a ranking, without sorting the gallery.

The rank of a true match is the number of wrong items before it plus the number of true matches before it. So only the
few matches are sorted, and every wrong item is placed among them.
"""

from math import inf, nan
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

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
    if torch.isnan(distances).any():
        raise InputError("a distance is not a number: are the embeddings too large to be squared?")
    row, column = match.nonzero(as_tuple=True)
    hits = row.bincount(minlength=len(match))  # [B]
    matched = _pad_rows(distances[row, column], row, hits).sort(1).values  # [B,P]
    slots = torch.searchsorted(
        matched, distances.contiguous(), right=ties == "optimistic"
    )  # [B,G] matches before each item
    tied = (_marks(matched, hits, ties).gather(1, slots) == distances) & wrong
    places = _places(slots.masked_fill_(~wrong, matched.shape[1]), matched.shape[1])
    return Scores(*_scores(places.cpu(), hits.cpu(), average_precision), tied.any(1).cpu())


def _pad_rows(values: Tensor, row: Tensor, lengths: Tensor) -> Tensor:
    """Lay out ragged rows as [B,P], padded with inf; P is at least 1."""
    start = lengths.cumsum(0) - lengths
    padded = values.new_full((len(lengths), max([1, *lengths.tolist()])), inf)
    padded[row, torch.arange(len(row), device=row.device) - start[row]] = values
    return padded


def _marks(matched: Tensor, hits: Tensor, ties: Ties) -> Tensor:
    """Build the table [B,P+1] that holds, for each slot, the match that an item there may be tied with, or nan."""
    padding = torch.arange(matched.shape[1], device=hits.device) >= hits[:, None]
    return F.pad(matched.masked_fill(padding, nan), (0, 1) if ties == "pessimistic" else (1, 0), value=nan)


def _places(slots: Tensor, width: int) -> Tensor:
    """Count the 1-based place of each match in its ranking.

    Args:
        slots: [B,G] how many matches come before each wrong item; `width` for what does not count. Overwritten.
        width: P, the largest number of matches.
    """
    rows = len(slots)
    bins = slots.add_(torch.arange(rows, device=slots.device)[:, None] * (width + 1)).flatten()
    before = bins.bincount(minlength=rows * (width + 1)).view(rows, width + 1)[:, :-1].cumsum(1)  # wrong items
    return before + torch.arange(1, width + 1, device=slots.device)


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
