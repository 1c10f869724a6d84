"""The score that is, without what a target holds constant in its gradient."""

from dataclasses import fields, is_dataclass, replace
from typing import cast

from explain.targets import Target


def released(target: Target) -> Target:
    """Let the gradient flow through what a target holds constant, so that it is the derivative of the score's value.

    `PairSimilarity` holds the clip's own length, because the gradient of the full cosine vanishes where a match is
    good. Along a path to the clip it does not vanish, and parts that are held would be missing from the sum of the map.

    Args:
        target: of a dataclass, the fields that are "detach" become "full"; any other function stays as it is.

    >>> import torch
    >>> from explain.targets import PairSimilarity
    >>> released(PairSimilarity(torch.ones(2))).norm
    'full'
    """
    candidate: object = target
    if not is_dataclass(candidate) or isinstance(candidate, type):
        return target
    held = [place.name for place in fields(candidate) if isinstance(getattr(candidate, place.name), str)]
    changes = {name: "full" for name in held if getattr(candidate, name) == "detach"}
    return cast("Target", replace(candidate, **changes))
