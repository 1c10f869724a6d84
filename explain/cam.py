"""Class activation maps: the channels of one layer, weighed and summed."""

from abc import abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor
from typing_extensions import override

from explain.core import Explainable, Explainer
from explain.recording import Recording, record
from explain.targets import Target
from reid.backbones.base import Backbone
from reid.errors import InputError
from reid.losses.base import full_precision


class CAM(Explainer):
    """A method that reads one layer. A new one is a class with `combine`.

    Many maps from one forward pass: `record` once inside of the guard, then `read` with each method and each target.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
    """

    needs_gradient: ClassVar[bool] = True
    """Whether the method differentiates at the layer; a class-token model needs another layer then."""

    def __init__(self, layer: str | None = None) -> None:
        self.layer = layer

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        return self.read(record(model, pixels, self.layer_of(model.backbone)), target)

    def layer_of(self, backbone: Backbone) -> str:
        """Name of the layer that is read."""
        return self.layer or backbone.cam_layer(self.needs_gradient)

    def read(self, recording: Recording, target: Target) -> Tensor:
        """Map one target's scores from a recording that may serve other methods and targets too, [B,t,h,w] float32."""
        with full_precision(recording.output.embedding.device):
            return self.combine(recording, target).detach()

    @abstractmethod
    def combine(self, recording: Recording, target: Target) -> Tensor:
        """Combine the evidence of a recording into a raw map [B,t,h,w]."""


class GradCAM(CAM):
    """sum_k w_k A_k with w_k the mean gradient of channel k (Selvaraju et al. 2017, arXiv 1610.02391, eq. 1 and 2).

    We keep the sign, so that evidence against the score is saved too; `relu` is the paper's final step.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
        temporal: "clip" averages the gradient over T,H,W; "frame" over H,W, so that every frame has its own weights.
        relu: set what is below zero to zero, as in the paper.
    """

    def __init__(
        self, layer: str | None = None, temporal: Literal["clip", "frame"] = "clip", relu: bool = False
    ) -> None:
        super().__init__(layer)
        self.temporal: Literal["clip", "frame"] = temporal
        self.relu = relu

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        where = (2, 3, 4) if self.temporal == "clip" else (3, 4)
        weights = recording.gradient(target).mean(where, keepdim=True)  # [B,C,1 or t,1,1]
        raw = (weights * recording.activation).sum(1)
        return raw.relu() if self.relu else raw


class OriginalCAM(CAM):
    """The exact share of each place in the score of a pooled readout (Zhou et al. 2016, arXiv 1512.04150, eq. 2).

    Where the embedding is sum_p pooling_p A_p, the map is pooling_p * sum_k w_k A_kp with w the derivative of the score
    by the embedding. We take w by autograd, which folds the BN neck into the class vectors and serves every target; the
    pooling weights (temporal attention) are held constant. For a score that is affine in the embedding, as a logit is,
    the map sums to the score less `bias`.
    """

    needs_gradient = False

    def __init__(self) -> None:
        super().__init__()

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        features = recording.output.features
        if features.pooling is None:
            raise InputError(
                f"OriginalCAM: the embedding of {type(recording.backbone).__name__} is no weighted sum of its map, so "
                "no exact map of the score exists; take a gradient method, for example GradCAM"
            )
        weights = recording.embedding_gradient(target)
        share = torch.einsum("bk,bkthw->bthw", weights, features.map.float())
        return features.pooling.float() * share

    @staticmethod
    def bias(recording: Recording, target: Target) -> Tensor:
        """The part of each score, [B], that belongs to no place: the shift of neck and classifier."""
        with full_precision(recording.output.embedding.device):
            weights = recording.embedding_gradient(target)
            return (recording.score(target) - (weights * recording.output.before_neck.float()).sum(1)).detach()
