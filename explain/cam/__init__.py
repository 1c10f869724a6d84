"""Class activation maps, one idea a file."""

from explain.cam.ablationcam import AblationCAM
from explain.cam.base import CAM
from explain.cam.eigencam import EigenCAM, EigenGradCAM
from explain.cam.elementwise import ElementWiseCAM
from explain.cam.gradcam import GradCAM
from explain.cam.gradcam_plus_plus import GradCAMPlusPlus
from explain.cam.hirescam import HiResCAM
from explain.cam.layercam import LayerCAM
from explain.cam.logit_lens import LogitLens
from explain.cam.original import OriginalCAM
from explain.cam.random import RandomCAM
from explain.cam.scorecam import ScoreCAM
from explain.cam.smooth_gradcam_plus_plus import SmoothGradCAMPlusPlus
from explain.cam.xgradcam import XGradCAM

__all__ = [
    "CAM",
    "AblationCAM",
    "EigenCAM",
    "EigenGradCAM",
    "ElementWiseCAM",
    "GradCAM",
    "GradCAMPlusPlus",
    "HiResCAM",
    "LayerCAM",
    "LogitLens",
    "OriginalCAM",
    "RandomCAM",
    "ScoreCAM",
    "SmoothGradCAMPlusPlus",
    "XGradCAM",
]
