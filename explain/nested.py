"""The tensor within what a layer takes in or puts out: some take or return it in a tuple, a list or a mapping."""

import copy
from collections.abc import Mapping
from typing import Any

from torch import Tensor


def first_tensor(nested: Any) -> Tensor:  # noqa: ANN401 - any layer's output
    """The first tensor of a tuple, list or mapping, or `nested` itself if it is one.

    Raises:
        TypeError: there is none.

    >>> import torch
    >>> first_tensor(((2, 4), torch.ones(1)))
    tensor([1.])
    """
    key = _place_of_tensor(nested)
    tensor: Tensor = nested if key is None else nested[key]
    return tensor


def with_first_tensor(nested: Any, tensor: Tensor) -> Any:  # noqa: ANN401 - same kind as `nested`
    """Copy `nested` with another tensor in the place of its first.

    Raises:
        TypeError: there is none.

    >>> import torch
    >>> with_first_tensor(((2, 4), torch.ones(1)), torch.zeros(1))
    ((2, 4), tensor([0.]))
    """
    key = _place_of_tensor(nested)
    if key is None:
        return tensor
    if not isinstance(nested, tuple):
        changed = copy.copy(nested)
        changed[key] = tensor
        return changed
    items = (*nested[:key], tensor, *nested[key + 1 :])
    return type(nested)(*items) if hasattr(nested, "_fields") else items


def _place_of_tensor(nested: Any) -> Any:  # noqa: ANN401 - a position or a key
    """Where the first tensor stands; None if `nested` is itself the tensor."""
    if isinstance(nested, Tensor):
        return None
    items = nested.items() if isinstance(nested, Mapping) else enumerate(nested)
    for key, value in items:
        if isinstance(value, Tensor):
            return key
    raise TypeError(f"a layer to explain must put out a tensor, not {type(nested).__name__} without one")
