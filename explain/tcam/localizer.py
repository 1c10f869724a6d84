"""From frames to where the object is: a frozen classifier and the decoder on its stages."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn
from typing_extensions import override

from explain.tcam.decoder import Decoder
from explain.tcam.encoder import FrozenEncoder
from reid.model import ReIDModel

NOT_CHOSEN = -1.0
"""The threshold of a localizer that no box was shown to; nan would count as weights that diverged."""


class Located(NamedTuple):
    """What is said of B frames."""

    heat: Tensor
    """[B,H,W] of 0..1, where the object is."""
    logits: Tensor
    """[B,K] which class it is of."""


class Localizer(nn.Module):
    """The model of TCAM (arXiv 2208.14542): which class it is says the classifier, where it is says the decoder.

    Args:
        classifier: of frames or of clips; it is frozen.
        layers: of its backbone, whose maps the decoder joins, shallowest first.
        widths: channels of the decoder's blocks.
    """

    def __init__(
        self, classifier: ReIDModel, layers: Sequence[str], widths: Sequence[int] = (256, 128, 64, 32, 16)
    ) -> None:
        super().__init__()
        self.encoder = FrozenEncoder(classifier, layers)
        self.decoder = Decoder(self.encoder.widths, widths)

    def decode(self, stages: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        """Logits of background and foreground [B,2,H,W] from stages [B,C,h,w]."""
        logits: Tensor = self.decoder(stages, size)
        return logits

    @override
    def forward(self, pixels: Tensor) -> Located:
        """Locate the object in uint8 frames [B,3,H,W]."""
        encoded = self.encoder(pixels)
        height, width = pixels.shape[2:]
        foreground = self.decode(encoded.stages, (height, width)).float().softmax(1)[:, 1]
        return Located(foreground, encoded.logits)
