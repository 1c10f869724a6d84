"""OriginalCAM: the exact share of each place in a score."""

import torch
from torch import Tensor
from typing_extensions import override

from explain.cam.base import CAM
from explain.recording import Recording
from explain.targets import Target
from reid.errors import InputError
from reid.losses.base import full_precision


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
