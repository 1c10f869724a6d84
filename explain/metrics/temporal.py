"""How steady a map is over time."""

from typing import ClassVar

from torch import Tensor
from typing_extensions import override

from explain.metrics.correlation import correlation
from explain.metrics.mean import MeanOverClips


class Flicker(MeanOverClips):
    """How much maps change from one step to the next: the mean of `flicker` over the clips.

    >>> import torch
    >>> metric = Flicker()
    >>> metric.update(torch.tensor([[[[0.0, 1.0]], [[0.0, 2.0]], [[3.0, 0.0]]]]))
    >>> round(metric.compute()["flicker"].item(), 4)
    1.0
    """

    higher_is_better = False
    names: ClassVar[tuple[str, ...]] = ("flicker",)

    @override
    def update(self, raw: Tensor) -> None:
        """Take in B raw maps [B,t,h,w]."""
        self.add(flicker(raw))


def flicker(raw: Tensor) -> Tensor:
    """One less the correlation of adjacent steps of each map [B,t,h,w], averaged over the steps. [B], 0..2.

    Measured at the map's own grid: interpolated steps resemble each other. A map of one step does not flicker (0), nor
    do steps that are both constant (0); a constant step beside one that is not counts 1.

    >>> import torch
    >>> flicker(torch.tensor([[[[1.0, 1.0]], [[2.0, 2.0]], [[0.0, 3.0]]], [[[4.0, 4.0]]] * 3]))
    tensor([0.5000, 0.0000])
    """
    if raw.shape[1] == 1:
        return raw.detach().float().new_zeros(len(raw))
    steps = raw.flatten(2)
    changes: Tensor = 1 - correlation(steps[:, :-1], steps[:, 1:])
    return changes.mean(1)
