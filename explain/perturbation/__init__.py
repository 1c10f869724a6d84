"""Methods that score clips of which a part is hidden or out of focus, one idea a file."""

from explain.perturbation.extremal import STEP, ExtremalPerturbation, ExtremalPerturbation2D, ExtremalPerturbation3D
from explain.perturbation.occlusion import Occlusion

__all__ = ["STEP", "ExtremalPerturbation", "ExtremalPerturbation2D", "ExtremalPerturbation3D", "Occlusion"]
