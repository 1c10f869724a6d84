"""Parts of a model's answer."""

from torch import Tensor

from reid.types import Features, Output

_SHARED = {"class_vectors", "centers"}
"""What has a row for each class, not for each clip."""


def rows(output: Output, which: slice) -> Output:
    """The answer for some of the clips alone."""
    parts = {
        name: value[which]
        for name, value in output._asdict().items()
        if isinstance(value, Tensor) and name not in _SHARED
    }
    features = Features(**{name: part[which] for name, part in output.features._asdict().items() if part is not None})
    return output._replace(**parts, features=features)
