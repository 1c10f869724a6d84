"""Verification: are two tracklets the same person, yes or no? All pairs pooled, one threshold."""

from math import inf

import torch
from torch import Tensor
from torch.nn import functional as F

from reid.distances import Rows
from reid.errors import InputError
from reid.labels import Labels, compare


class Verification:
    """The ROC curve over the pairs that a protocol compares, exact and pooled over all queries.

    Attributes:
        distance: [P] of the true pairs, ascending.
        false: [P] how many wrong pairs are at most that far apart.
        closer: [P] how many wrong pairs are closer.
        wrong: number of wrong pairs.
    """

    def __init__(self, distance: Tensor, false: Tensor, closer: Tensor, wrong: int) -> None:
        self.distance = distance
        self.false = false
        self.closer = closer
        self.wrong = wrong

    def true_positive_rate(self, false_positive_rate: float) -> float:
        """Share of the true pairs that are accepted where at most that share of the wrong ones is."""
        return (self.false <= false_positive_rate * self.wrong).double().mean().item()

    def threshold(self, false_positive_rate: float) -> float | None:
        """The largest distance of an accepted true pair there; None if none is."""
        accepted = self.distance[self.false <= false_positive_rate * self.wrong]
        return accepted[-1].item() if len(accepted) else None

    @property
    def area(self) -> float:
        """Area under the curve: how often a true pair is closer than a wrong one; equal ones count half."""
        return 1 - (self.false + self.closer).double().mean().item() / 2 / self.wrong

    def curve(self) -> dict[str, list[float]]:
        """List the true positive rates at false positive rates from 1e-6 to 1, ten for each power of ten."""
        rates = [10 ** (step / 10) for step in range(-60, 1)]
        return {"FPR": rates, "TPR": [self.true_positive_rate(rate) for rate in rates]}

    def summary(self) -> dict[str, float | int | None]:
        """List the area, the rates that papers report with their thresholds, and the counts that they rest on.

        Thresholds are in the unit of the distances: squared Euclidean ones, which for "cosine" are 2 - 2 cos.
        """
        rates = {f"{rate:g}": rate for rate in (1e-4, 1e-3, 1e-2)}
        return {
            "AUC": self.area,
            **{f"TPR@FPR={name}": self.true_positive_rate(rate) for name, rate in rates.items()},
            **{f"threshold@FPR={name}": self.threshold(rate) for name, rate in rates.items()},
            "true_pairs": len(self.distance),
            "wrong_pairs": self.wrong,
        }


def verify(distances: Tensor | Rows, query: Labels, gallery: Labels, chunk: int | None = None) -> Verification:
    """Pool all pairs but those of one person and camera, and find the ROC curve.

    The distances are computed twice, a few rows at a time, and never held.

    Args:
        distances: [Q,G] smaller for a better match.
        query: labels of the queries.
        gallery: labels of the gallery.
        chunk: number of queries that are compared at a time, see `compare`.

    Raises:
        InputError: there is no true pair, or no wrong one.
        ValueError: labels and distances differ in number.

    >>> query, gallery = Labels(torch.tensor([1]), torch.tensor([1])), Labels(torch.tensor([1, 2, 1]), torch.zeros(3))
    >>> verification = verify(torch.tensor([[0.1, 0.2, 0.3]]), query, gallery)
    >>> verification.true_positive_rate(0.01), verification.area, round(verification.threshold(0.01), 1)
    (0.5, 0.5, 0.1)
    """
    pairs = compare(distances, query, gallery, chunk)
    true = torch.cat([found.distance[found.match] for found in pairs]).sort().values
    behind = torch.searchsorted(true, true, right=True)  # [P] first true pair that is farther than this one
    at_most, closer = (torch.zeros(len(true) + 1, dtype=torch.long, device=true.device) for _ in range(2))
    wrong = 0
    for found in compare(distances, query, gallery, chunk):
        others = found.distance.masked_fill(~found.wrong, inf)
        place = torch.searchsorted(true, others)  # of each wrong pair among the true ones
        at_most += place.flatten().bincount(minlength=len(at_most))
        equal = others == F.pad(true, (0, 1), value=inf)[place]
        closer += (
            F.pad(behind, (0, 1), value=len(true))[place].where(equal, place).flatten().bincount(minlength=len(closer))
        )
        wrong += int(found.wrong.count_nonzero())
    if not len(true) or not wrong:
        raise InputError("verification needs a true and a wrong pair under different cameras: check the labels")
    return Verification(true, at_most.cumsum(0)[:-1], closer.cumsum(0)[:-1], wrong)
