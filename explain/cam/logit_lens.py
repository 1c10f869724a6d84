"""LogitLens: what the head would say of each token alone."""

import torch
from torch import Tensor
from typing_extensions import override

from explain.cam.base import CAM
from explain.recording import Recording
from explain.targets import Target
from reid.errors import InputError


class LogitLens(CAM):
    """sum_k w_k A_kp with w the derivative of the score by the embedding, and A the normalised patch tokens.

    For models that read a class token, and so have no exact map: the head is asked about every patch token as if it
    were the class token (nostalgebraist 2020, "interpreting GPT: the logit lens", applied to places). Of a score that
    is affine in the embedding, such as a logit, it is the score of each token less the bias. It says what the tokens
    look like to the head, not what the class token took from them. On a pooled readout it is OriginalCAM without the
    pooling weights: P times its map if all P places weigh the same. Where something else than a mean stands between the
    map and the embedding (a linear layer, an LSTM), it says nothing, though the channels may be as many.
    """

    needs_gradient = False

    def __init__(self) -> None:
        super().__init__()

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        tokens = recording.output.features.map.float()
        width = recording.output.before_neck.shape[1]
        if tokens.shape[1] != width:
            raise InputError(
                f"LogitLens: the tokens of {type(recording.backbone).__name__} have {tokens.shape[1]} channels, its "
                f"embedding has {width}, so the head cannot read a token; take a gradient method, for example GradCAM"
            )
        return torch.einsum("bk,bkthw->bthw", recording.embedding_gradient(target), tokens)
