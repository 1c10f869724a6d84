"""The gradient of a score at the pixels."""

from torch import Tensor
from typing_extensions import override

from explain.core import Explainable, Explainer
from explain.gradients.backward import check_reached, pixel_gradient, reached
from explain.gradients.channels import Channels, over_channels
from explain.targets import Target


class Gradient(Explainer):
    """dS/dx, how much the score rises with each place of the normalised clip (Simonyan et al. 2014, arXiv 1312.6034).

    The map has the clip's own grid. By default the channels are summed, which keeps the sign: it is what the score
    gains where all three get lighter alike. Channels that pull against each other cancel in it, as where the score asks
    for red and against green; the paper's largest absolute value over the channels shows such places, without a sign.

    Args:
        channels: "sum", or "max_abs" as in the paper.
    """

    def __init__(self, channels: Channels = "sum") -> None:
        self.channels: Channels = channels

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        gradient = pixel_gradient(model, pixels, target)
        check_reached(reached(gradient))
        return over_channels(gradient, self.channels)
