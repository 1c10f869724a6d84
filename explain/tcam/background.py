"""How much of a score comes from behind the person."""

from torch import Tensor

from explain.overlay import upsample


def background_energy(raw: Tensor, foreground: Tensor) -> float:
    """Share of the positive evidence of a map that lies outside of the foreground, 0..1.

    A map that knows nothing has the share of the background's area. Much more than that is an alarm: the network looks
    at what is behind the person.

    Args:
        raw: [t,h,w] signed map at the method's own grid.
        foreground: [T,H,W] of 0..1, how sure it is that the object is there.

    Returns:
        The share; nan where nothing speaks for the score.

    >>> import torch
    >>> raw, foreground = torch.tensor([[[3.0, 1.0, -2.0]]]), torch.tensor([[[1.0, 0.5, 0.0]]])
    >>> background_energy(raw, foreground)
    0.125
    """
    size = (foreground.shape[0], foreground.shape[1], foreground.shape[2])
    evidence = upsample(raw, size).clamp(min=0)
    behind = (evidence * (1 - foreground.to(evidence))).sum()
    return float(behind / evidence.sum())
