"""A map that is not computed twice."""

import torch
from torch import Tensor, nn
from typing_extensions import override

from explain.core import Explainable, Explainer
from explain.targets import Target


class Known(Explainer):
    """A method that has explained a clip already: measures of stability begin with that map, and a pass may be long.

    Args:
        explainer: the method.
        model: what it explained, not wrapped.
        pixels: [B,3,T,H,W] the clips.
        raw: [B,t,h,w] their maps. Only the score that they are of may be asked for.
    """

    def __init__(self, explainer: Explainer, model: Explainable | nn.Module, pixels: Tensor, raw: Tensor) -> None:
        self.explainer = explainer
        self.model = model
        self.pixels = pixels
        self.raw = raw

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        if model is self.model and torch.equal(pixels, self.pixels):
            return self.raw
        return self.explainer.attribute(model, pixels, target)
