"""The derivative of scores by the pixels."""

import torch
from torch import Tensor

from explain.copies import score
from explain.core import Explainable
from explain.guard import unwrap
from explain.recording import ZeroGradientError
from explain.targets import Target, settle
from reid.errors import InputError
from reid.types import Output


def answer(model: Explainable, pixels: Tensor) -> Output:
    """The model's answer for pixels [B,3,T,H,W] without a graph; a network that works in place cannot change them."""
    with torch.no_grad():
        return model(pixels.clone())


def pixel_gradient(model: Explainable, pixels: Tensor, target: Target) -> Tensor:
    """The derivative of each score by its pixels.

    Args:
        model: inside of `explain.guard.guard`.
        pixels: [n,3,T,H,W], clips or copies of one; they are independent in eval mode.
        target: scores each of the n; an open one is settled on them.

    Returns:
        [n,3,T,H,W] float32; zeros where the score does not depend on the pixels.

    Raises:
        InputError: the backbone makes its embedding without gradients.
        ValueError: the target does not give one score each.
    """
    leaf = pixels.detach().requires_grad_()
    output = model(leaf.clone())  # a leaf must not be changed in place
    if not output.features.embedding.requires_grad:
        raise InputError(
            f"pixels: no gradient leads from the embedding of {type(unwrap(model.backbone)).__name__} back to them, "
            "because of torch.no_grad or a detach inside of it; take that out, or a method that needs no gradient, for "
            "example eigencam or scorecam"
        )
    total = score(settle(target, output), output).sum()
    if not total.requires_grad:
        return torch.zeros_like(leaf, dtype=torch.float32)
    (gradient,) = torch.autograd.grad(total, leaf, allow_unused=True, materialize_grads=True)
    return gradient.float()


def reached(gradient: Tensor) -> Tensor:
    """Whether any gradient came back to each of n clips or copies [n,3,T,H,W]: [n] bool."""
    return (gradient != 0).flatten(1).any(1)


def check_reached(alive: Tensor) -> None:
    """Refuse clips whose score does not depend on their pixels.

    Args:
        alive: [B] whether any gradient came back to each clip.

    Raises:
        ZeroGradientError: none came back to one of them.

    >>> check_reached(torch.tensor([True, True]))
    """
    dead = (~alive).nonzero().flatten().tolist()
    if dead:
        raise ZeroGradientError(
            f"pixels: the gradient of the score is exactly zero all over clip {', '.join(map(str, dead))} of the "
            "batch: the score does not depend on them; explain another score, or look for a dead layer of the network"
        )
