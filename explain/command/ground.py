"""How much of a map lies behind the person, by the foreground that TCAM has learned."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from explain.command.loaded import AnyModel
from explain.tcam.background import background_energy
from explain.tcam.foreground import foreground
from explain.tcam.loading import load_localizer

Behind = Callable[[Tensor], Mapping[str, float]]
"""From a map [t,h,w] to the figures that say it."""


class Ground:
    """Tells foreground from background in any clip.

    Args:
        checkpoint: of TCAM.
        device: where it runs.

    Raises:
        InputError: the file holds no such model.
    """

    def __init__(self, checkpoint: Path, device: torch.device) -> None:
        self.localizer = load_localizer(checkpoint, device).localizer

    def behind(self, model: AnyModel, pixels: Tensor) -> Behind:
        """Look at one clip [1,3,T,H,W], prepared for a model."""
        seen = foreground(self.localizer, pixels, model.preprocess)[0]
        area = 1 - seen.mean().item()
        return lambda raw: {"background_energy": background_energy(raw, seen), "background_area": area}


def nothing_behind(_raw: Tensor) -> Mapping[str, float]:
    """Nobody knows.

    >>> nothing_behind(torch.zeros(1, 1, 1))
    {}
    """
    return {}
