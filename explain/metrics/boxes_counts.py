"""What the counts of correct boxes say."""

from typing import Final, Literal

from torch import Tensor

DELTAS: Final = (0.3, 0.5, 0.7)
"""Least intersection over union of a correct box."""
HALF: Final = DELTAS.index(0.5)
Average = Literal["macro", "micro"]
"""The mean over the classes, or the share of all frames."""


class BoxCounts:
    """How many frames of K classes have a correct box at each of n thresholds.

    (Not a dataclass: torchmetrics takes those apart and squeezes them.)

    A threshold that is chosen on the frames it is judged on is an oracle: `MaxBoxAcc` is one. The headline takes the
    threshold that was chosen on other frames.

    Attributes:
        thresholds: [n] float64, shares of a map's highest value.
        frames: [K] how many frames there are.
        largest: [K,n,3] with the box around the largest contour, for each of `DELTAS`.
        contours: [K,n,3] with the best of the boxes around all contours.
        named: [K,n] as `largest` at 0.5, where the classifier names the class, too.
        prior: [K] with one and the same box for all frames, at 0.5; None if none was given.
        left_out: frames without a true box.
    """

    def __init__(
        self,
        thresholds: Tensor,
        frames: Tensor,
        largest: Tensor,
        contours: Tensor,
        named: Tensor,
        prior: Tensor | None,
        left_out: Tensor,
    ) -> None:
        self.thresholds = thresholds
        self.frames = frames
        self.largest = largest
        self.contours = contours
        self.named = named
        self.prior = prior
        self.left_out = left_out

    def correct(self, threshold: float) -> Tensor:
        """Frames with a correct box at 0.5 by the largest contour, of each class, [K]; at the nearest threshold."""
        return self.largest[:, self._nearest(threshold), HALF]

    def correct_each_at_its_best(self) -> Tensor:
        """As `correct`, but each class at the threshold that is best for it: an oracle for each class, [K]."""
        return self.largest[..., HALF].amax(1)

    def best_threshold(self, average: Average = "macro") -> float:
        """The threshold with the highest CorLoc at 0.5; the lowest of equal ones."""
        return self.thresholds[self._corloc(self.largest[..., HALF], average).argmax()].item()

    def max_box_accuracy(self, average: Average = "micro") -> Tensor:
        """MaxBoxAcc: CorLoc at 0.5 by the largest contour, at the threshold that is best here. Of 1, a scalar."""
        return self._corloc(self.largest[..., HALF], average).amax()

    def max_box_accuracy_v2(self, average: Average = "micro") -> Tensor:
        """MaxBoxAccV2: the best of all contours, mean over 0.3, 0.5, 0.7, each at its own best threshold."""
        return self._corloc(self.contours, average).amax(0).mean()

    def summary(self, threshold: float) -> dict[str, float]:
        """The headline and what stands beside it, by name, of 1.

        `corloc` (macro), `corloc_micro` and `top1_loc` (micro) are at the threshold that is given; `corloc_oracle` and
        the two of `max_box_accuracy` choose their own. `mean_box` (macro) is that of the prior, if there is one.

        Args:
            threshold: chosen on other frames, see `best_threshold`.
        """
        correct = self.correct(threshold)
        named = self.named[:, self._nearest(threshold)]
        scores = {
            "corloc": corloc(correct, self.frames),
            "corloc_micro": corloc(correct, self.frames, "micro"),
            "corloc_oracle": self.max_box_accuracy("macro"),
            "max_box_accuracy": self.max_box_accuracy(),
            "max_box_accuracy_v2": self.max_box_accuracy_v2(),
            "top1_loc": corloc(named, self.frames, "micro"),
        }
        if self.prior is not None:
            scores["mean_box"] = corloc(self.prior, self.frames)
        return {"threshold": threshold, **{name: score.item() for name, score in scores.items()}}

    def _nearest(self, threshold: float) -> int:
        """Index of the threshold of the grid."""
        return int((self.thresholds - threshold).abs().argmin())

    def _corloc(self, correct: Tensor, average: Average) -> Tensor:
        """[K,n,...] -> [n,...]."""
        return corloc(correct.movedim(0, -1), self.frames, average)


def corloc(correct: Tensor, frames: Tensor, average: Average = "macro") -> Tensor:
    """Share of frames whose box is correct, float64.

    Args:
        correct: [...,K] frames of each class with a correct box.
        frames: [K] frames of each class; a class without any does not count.
        average: over the classes, or over the frames.

    Returns:
        [...]; nan without frames.

    >>> import torch
    >>> correct, frames = torch.tensor([1, 9, 0]), torch.tensor([10, 10, 0])
    >>> corloc(correct, frames).item(), corloc(torch.tensor([1, 90]), torch.tensor([10, 90]), "micro").item()
    (0.5, 0.91)
    """
    correct, frames = correct[..., frames > 0].double(), frames[frames > 0].double()
    return correct.sum(-1) / frames.sum() if average == "micro" else (correct / frames).mean(-1)
