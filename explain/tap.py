"""Cut a network's graph at one layer."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


@contextmanager
def tap(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Record what a layer puts out, as the leaf where the graph of a forward pass begins.

    Above a lower layer that is tapped too there is a graph already: then the layer's output is recorded as it is.
    With frozen parameters nothing below the layer is recorded, so a gradient at the layer costs little more than the
    forward pass. A following in-place operation works on a copy.

    Yields:
        The leaves, one for each time the layer ran.
    """
    leaves: list[Tensor] = []

    def cut(_layer: nn.Module, _inputs: tuple[Any, ...], output: Any) -> Any:  # noqa: ANN401 - any layer's output
        key = _place_of_tensor(output)
        tensor = output if key is None else output[key]
        leaf = tensor if tensor.requires_grad else tensor.detach().requires_grad_()
        leaves.append(leaf)
        return leaf.clone() if key is None else _replaced(output, key, leaf.clone())

    handle = layer.register_forward_hook(cut)
    try:
        yield leaves
    finally:
        handle.remove()


def _place_of_tensor(output: Any) -> Any:  # noqa: ANN401 - a position or a key
    """Where the first tensor of a tuple, list or mapping stands; None if `output` is itself the tensor."""
    if isinstance(output, Tensor):
        return None
    items = output.items() if isinstance(output, Mapping) else enumerate(output)
    for key, value in items:
        if isinstance(value, Tensor):
            return key
    raise TypeError(f"a layer to explain must put out a tensor, not {type(output).__name__} without one")


def _replaced(output: Any, key: Any, tensor: Tensor) -> Any:  # noqa: ANN401 - same kind as `output`
    """Copy `output` with another tensor at `key`."""
    if not isinstance(output, tuple):
        changed = copy.copy(output)
        changed[key] = tensor
        return changed
    items = (*output[:key], tensor, *output[key + 1 :])
    return type(output)(*items) if hasattr(output, "_fields") else items
