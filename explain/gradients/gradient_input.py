"""The gradient of a score at the pixels, times the pixels."""

from torch import Tensor
from typing_extensions import override

from explain.core import Explainable, Explainer
from explain.gradients.backward import check_reached, pixel_gradient, reached
from explain.targets import Target


class GradientInput(Explainer):
    """sum_c x_c * dS/dx_c with x the normalised clip (Shrikumar et al. 2016, arXiv 1605.01713).

    To first order, what the score would lose if each place had the mean colour of the training data, which is zero in
    normalised pixels. For a score that is linear in the clip it is exactly that, and equal to `IntegratedGradients`
    from the mean colour.
    """

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        gradient = pixel_gradient(model, pixels, target)
        check_reached(reached(gradient))
        return (gradient * pixels.float()).sum(1)
