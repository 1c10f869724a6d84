"""What every target is, and how it follows clips that are masked or copied."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Protocol, cast, runtime_checkable

from torch import Tensor

from reid.types import Output

Target = Callable[[Output], Tensor]
"""The model's answer for B clips -> their [B] scores; any function will do."""


@runtime_checkable
class OpenTarget(Protocol):
    """A target that first has to see what the model answers for the whole, unmasked clips."""

    def settle(self, output: Output) -> Target:
        """Return the target that `output` decides; masked copies of the clips are then scored by the same one."""


def settle(target: Target, output: Output) -> Target:
    """Settle `target` on the answer for the unmasked clips, if it is an open one.

    Every method that scores changed clips does this first: a predicted class picked anew for every mask would compare
    scores of different classes.
    """
    candidate: object = target
    return candidate.settle(output) if isinstance(candidate, OpenTarget) else target


def per_clip(ndim: int) -> Mapping[str, int]:
    """Metadata of a dataclass field that holds either one value for all clips or a tensor with one for each clip.

    `narrow` reads it; a tensor with one dimension more than `ndim` holds one value for each clip.

    Args:
        ndim: dimensions of one value: 0 for a class, 1 for an embedding.
    """
    return {"ndim": ndim}


def narrow(target: Target, clip: int) -> Target:
    """Restrict a settled target to one of its clips, so that it scores any number of masked copies of that clip.

    Whoever scores copies does it for one clip after another: `one = narrow(settle(target, output), clip)`, then
    `one(model(copies))`. Nothing else keeps a gallery of [B,D] beside the n copies of B clips.

    Args:
        target: a settled target. Of a dataclass, the fields marked by `per_clip` that hold a tensor with one value for
            each clip are reduced to the value of this one; any other function is returned as it is.
        clip: which of the B clips.

    Raises:
        IndexError: the target has no value for such a clip.

    >>> import torch
    >>> from explain.targets import PairSimilarity
    >>> narrow(PairSimilarity(torch.tensor([[1.0, 0.0], [0.0, 2.0]])), 1).gallery
    tensor([0., 2.])
    """
    candidate: object = target
    if not is_dataclass(candidate) or isinstance(candidate, type):
        return target
    changes = {}
    for place in fields(candidate):
        value = getattr(candidate, place.name)
        if isinstance(value, Tensor) and value.ndim > place.metadata.get("ndim", value.ndim):
            changes[place.name] = value[clip if len(value) > 1 else 0]  # one row is for all clips
    return cast("Target", replace(candidate, **changes))


def for_clips(value: Tensor, ndim: int, clips: int) -> Tensor:
    """Lay out a value for all clips, or one for each, as [B,...].

    Args:
        value: of `ndim` dimensions, or with B or 1 in front of them.
        ndim: dimensions of one clip's value.
        clips: B.

    Raises:
        ValueError: the values are for another number of clips.

    >>> import torch
    >>> for_clips(torch.tensor(3), ndim=0, clips=2), for_clips(torch.ones(2, 5), ndim=1, clips=2).shape
    (tensor([3, 3]), torch.Size([2, 5]))
    """
    each = value if value.ndim > ndim else value[None]
    if each.ndim != ndim + 1 or len(each) not in {1, clips}:
        raise ValueError(
            f"a target that holds {list(value.shape)} cannot score {clips} clips: give one value for all or one for "
            "each clip, and narrow(target, clip) before scoring copies of a clip"
        )
    return each.expand(clips, *each.shape[1:])
