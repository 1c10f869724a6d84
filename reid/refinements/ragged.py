"""Sparse rows as three flat tensors: what re-ranking needs of a sparse matrix, on any device."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """A matrix of R rows that keeps only its P entries, row after row.

    Attributes:
        start: [R+1] where each row starts among the entries, and where the last one ends.
        column: [P] column of each entry.
        value: [P] the entries.
        width: number of columns.

    >>> matrix = Ragged.of(torch.tensor([0, 0, 2]), torch.tensor([1, 3, 1]), torch.tensor([5.0, 6.0, 7.0]), 3, 4)
    >>> matrix.lengths(torch.tensor([0, 1, 2])).tolist()
    [2, 0, 1]
    >>> [part.tolist() for part in matrix.entries(torch.tensor([2, 0, 2]))]
    [[0, 1, 1, 2], [2, 0, 1, 2]]
    """

    start: Tensor
    column: Tensor
    value: Tensor
    width: int

    @classmethod
    def of(cls, row: Tensor, column: Tensor, value: Tensor, rows: int, width: int) -> Self:
        """Build from entries [P] whose rows ascend."""
        start = row.new_zeros(rows + 1)
        start[1:] = row.bincount(minlength=rows).cumsum(0)
        return cls(start, column, value, width)

    def lengths(self, rows: Tensor) -> Tensor:
        """Count the entries of each of some rows, [K] -> [K]."""
        return self.start[rows + 1] - self.start[rows]

    def entries(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """List the entries of K rows one after the other: which of the K each belongs to, and where it is; [E] each."""
        lengths = self.lengths(rows)
        nth = torch.arange(len(rows), device=rows.device).repeat_interleave(lengths)
        skipped = self.start[rows] - (lengths.cumsum(0) - lengths)
        return nth, torch.arange(len(nth), device=rows.device) + skipped[nth]

    def take(self, rows: Tensor) -> Self:
        """Copy some rows, in that order, [K] -> K rows."""
        nth, entry = self.entries(rows)
        return self.of(nth, self.column[entry], self.value[entry], len(rows), self.width)

    def transposed(self) -> Self:
        """Swap rows and columns."""
        row, _ = self.entries(torch.arange(len(self.start) - 1, device=self.start.device))
        column, order = self.column.sort(stable=True)
        return self.of(column, row[order], self.value[order], self.width, len(self.start) - 1)
