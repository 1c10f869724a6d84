"""The gradient of a score at the pixels, and what is built on it, one idea a file."""

from explain.gradients.completeness import CompletenessError, completeness_error
from explain.gradients.gradient import Gradient
from explain.gradients.gradient_input import GradientInput
from explain.gradients.integrated import IntegratedGradients
from explain.gradients.smoothgrad import SmoothGrad

__all__ = [
    "CompletenessError",
    "Gradient",
    "GradientInput",
    "IntegratedGradients",
    "SmoothGrad",
    "completeness_error",
]
