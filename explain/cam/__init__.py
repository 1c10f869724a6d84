"""Class activation maps, one idea a file."""

from explain.cam.base import CAM
from explain.cam.gradcam import GradCAM
from explain.cam.original import OriginalCAM

__all__ = ["CAM", "GradCAM", "OriginalCAM"]
