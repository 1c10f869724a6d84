"""A trained classifier, frozen, whose stages feed a decoder."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple, Self

import torch
from einops import rearrange
from torch import Tensor, nn
from typing_extensions import override

from explain.nested import first_tensor
from reid.errors import InputError
from reid.model import ReIDModel


class Encoded(NamedTuple):
    """What a classifier makes of B frames."""

    stages: list[Tensor]
    """[B,C,h,w] of each stage, in the order of the layers."""
    logits: Tensor
    """[B,K]"""


class FrozenEncoder(nn.Module):
    """The stages of a classifier that never learns: no gradient, and batch normalisation stays in eval mode.

    Args:
        classifier: of frames or of clips; a frame is a clip of one.
        layers: names of submodules of its backbone whose outputs are maps.
    """

    def __init__(self, classifier: ReIDModel, layers: Sequence[str]) -> None:
        super().__init__()
        self.classifier = classifier.requires_grad_(False)
        self.layers = tuple(layers)
        for layer in self.layers:
            self._find(layer)
        self.eval()

    @override
    def train(self, mode: bool = True) -> Self:
        """Stay in eval mode."""
        return super().train(False)

    @override
    @torch.no_grad()
    def forward(self, pixels: Tensor) -> Encoded:
        """Encode uint8 frames [B,3,H,W]."""
        clips = self.classifier.preprocess(rearrange(pixels, "b c h w -> b c 1 h w"))
        kept: dict[str, Tensor] = {}
        with ExitStack() as hooks:
            for layer in self.layers:
                hooks.callback(self._find(layer).register_forward_hook(_keep(kept, layer)).remove)
            logits = self.classifier(clips).logits
        maps = (self.classifier.backbone.to_map(kept[layer], clips.shape) for layer in self.layers)
        return Encoded([rearrange(one, "b c 1 h w -> b c h w") for one in maps], logits)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each stage, found by encoding one black frame."""
        device = self.classifier.classifier.weight.device
        frame = torch.zeros(1, 3, *self.classifier.preprocess.size, dtype=torch.uint8, device=device)
        return tuple(stage.shape[1] for stage in self(frame).stages)

    def _find(self, layer: str) -> nn.Module:
        try:
            return self.classifier.backbone.get_submodule(layer)
        except AttributeError as error:
            some = ", ".join(name for name, _ in self.classifier.backbone.named_modules() if 0 < name.count(".") < 2)  # noqa: PLR2004
            raise InputError(
                f"layer {layer}: {type(self.classifier.backbone).__name__} has no such layer; it has {some}"
            ) from error


def _keep(kept: dict[str, Tensor], layer: str) -> Any:  # noqa: ANN401 - a hook
    def hook(_module: nn.Module, _inputs: object, output: Any) -> None:  # noqa: ANN401 - any layer's output
        kept[layer] = first_tensor(output)

    return hook
