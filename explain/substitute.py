"""Let one clip go into a network, and n clips come out that differ from one layer upwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from explain.core import Explainable
from explain.guard import unwrap
from explain.nested import first_tensor, with_first_tensor
from reid.errors import InputError
from reid.types import Output

ROUNDING = 1e-2
"""Two answers of a network, whatever its precision, are equal if they differ by less than this part of their size."""


@contextmanager
def substituted(layer: nn.Module, values: Tensor, fork: nn.Module | None = None) -> Iterator[None]:
    """Replace what a layer puts out for one clip by values of n clips: only what is above is computed n times.

    Args:
        layer: runs once in a forward pass.
        values: [n,...] what it is to put out for each of the n clips, in its own layout for one clip. An in-place
            operation behind the layer may change them.
        fork: a module around the layer whose input becomes n equal clips, so that what goes past the layer within that
            module fits what comes out of the layer; None: the clips part at the layer itself. See `find_fork`.
    """
    clips = len(values)

    def multiply(_module: nn.Module, inputs: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any layer's input
        one = first_tensor(inputs)
        return with_first_tensor(inputs, one.repeat(clips, *[1] * (one.ndim - 1)))

    def put(_layer: nn.Module, _inputs: tuple[Any, ...], output: Any) -> Any:  # noqa: ANN401 - any layer's output
        return with_first_tensor(output, values.flatten(0, 1))

    handles = [layer.register_forward_hook(put)]
    if fork is not None:
        handles.append(fork.register_forward_pre_hook(multiply))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def find_fork(model: Explainable, clip: Tensor, layer: str, values: Tensor, embedding: Tensor) -> nn.Module | None:
    """Find the latest place where one clip can become n for a layer's values to be replaced.

    A residual or a concatenation around the layer may refuse n clips beside one: the frames of a frame-wise network,
    [(B T),...], do. So the layer itself is tried first, then each module around it, up to the whole backbone, which
    always fits and costs most. A place is right if two equal clips get the answer that is known.

    Args:
        model: inside of `explain.guard.guard`.
        clip: [1,3,T,H,W]
        layer: name of a submodule of the backbone.
        values: what the layer puts out for the clip.
        embedding: [D] what the model makes of the clip.

    Returns:
        The module whose input becomes n clips; None for the layer itself.

    Raises:
        InputError: the clips of the layer's output do not stand one after the other in its first axis.
    """
    backbone = unwrap(model.backbone)
    parents = layer.split(".")[:-1]
    around = [backbone.get_submodule(".".join(parents[:depth])) for depth in range(len(parents), -1, -1)]
    expected = embedding.expand(2, -1)
    for fork in (None, *around):
        with substituted(unwrap(backbone.get_submodule(layer)), torch.stack([values, values]), fork):
            answer = _attempt(model, clip)
        if answer is not None and _same(answer.embedding, expected):
            return fork
    raise InputError(
        f"layer {layer}: its output cannot be replaced in {type(backbone).__name__}; name another layer, for example "
        f"{model.backbone.cam_layer(needs_gradient=True)}"
    )


def _attempt(model: Explainable, clip: Tensor) -> Output | None:
    """The model's answer, or None if shapes clash on the way."""
    try:
        return model(clip)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, TypeError):
        return None


def _same(values: Tensor, expected: Tensor) -> bool:
    """Whether two tensors are equal up to rounding."""
    if values.shape != expected.shape:
        return False
    difference = (values.float() - expected.float()).norm()
    return bool(difference <= ROUNDING * expected.float().norm())
