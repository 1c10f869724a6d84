"""One clip of a tracklet that did not come by."""

from typing import Any

from torch import Tensor

from reid.protocol import Evaluation
from reid.types import Clip


def first_clip(clips: Any, evaluation: Evaluation, tracklet: int) -> Tensor | None:  # noqa: ANN401 - any data set
    """Read the first clip of a tracklet.

    Args:
        clips: what the loader of the evaluation reads: the clips of all its tracklets, one after the other.
        evaluation: how many clips each tracklet has.
        tracklet: index of the tracklet in the evaluation.

    Returns:
        [1,3,T,H,W] uint8; None where clips cannot be asked for one by one, or stand in another order.

    Raises:
        InputError, OSError: its frames cannot be read.
    """
    try:
        clip = clips[sum(evaluation.clips[:tracklet])]
    except (TypeError, IndexError, NotImplementedError):  # of a data set that is only gone through
        return None
    return clip.pixels[None] if isinstance(clip, Clip) and int(clip.tracklet) == tracklet else None
