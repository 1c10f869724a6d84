"""Where a path of clips begins."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from explain.metrics.baseline import Baseline, Blur, mean_colour
from reid.errors import InputError
from reid.preprocess import Preprocess

Start = Literal["black", "mean", "blur"] | Tensor | Baseline
"""Black, the mean colour of the training data, the clip out of focus, a clip of one's own, or any function."""


@dataclass(frozen=True, slots=True)
class Black:
    """A black clip: (0 - mean) / std of the model's own normalisation.

    Args:
        preprocess: of the model.

    >>> Black(Preprocess(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.25)))(torch.ones(1, 3, 1, 1, 1)).flatten().tolist()
    [-1.0, -1.0, -2.0]
    """

    preprocess: Preprocess

    def __call__(self, pixels: Tensor) -> Tensor:
        """Black clips in the shape of [B,3,T,H,W]."""
        mean, std = torch.tensor([self.preprocess.mean, self.preprocess.std]).view(2, -1, 1, 1, 1)
        black: Tensor = -mean / std
        return black.to(pixels).expand_as(pixels)


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """A clip of one's own.

    Args:
        clip: [3,T,H,W] for all clips, or [B,3,T,H,W] one for each, as `model.preprocess` gives them.
    """

    clip: Tensor

    def __call__(self, pixels: Tensor) -> Tensor:
        """The clip in the shape of [B,3,T,H,W].

        Raises:
            InputError: it has another shape.
        """
        if self.clip.shape not in {pixels.shape, pixels.shape[1:]}:
            raise InputError(
                f"baseline of shape {list(self.clip.shape)}: expected a normalised clip {list(pixels.shape[1:])} for "
                f"all, or {list(pixels.shape)} one for each; give its frames the number and size of the clip's"
            )
        return self.clip.detach().to(pixels).expand_as(pixels)


def starting(start: Start, preprocess: Preprocess) -> Baseline:
    """The function that makes a start of clips.

    Args:
        start: which.
        preprocess: of the model.
    """
    match start:
        case "black":
            return Black(preprocess)
        case "mean":
            return mean_colour
        case "blur":
            return Blur()
        case Tensor():
            return Own(start)
    return start
