"""Cut a network's graph at one layer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from explain.nested import first_tensor, with_first_tensor


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
        tensor = first_tensor(output)
        leaf = tensor if tensor.requires_grad else tensor.detach().requires_grad_()
        leaves.append(leaf)
        return with_first_tensor(output, leaf.clone())

    handle = layer.register_forward_hook(cut)
    try:
        yield leaves
    finally:
        handle.remove()
