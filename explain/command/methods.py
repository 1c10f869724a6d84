"""The methods by name."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from explain.attention import AttentionRollout, GradientAttention
from explain.cam import (
    AblationCAM,
    EigenCAM,
    EigenGradCAM,
    ElementWiseCAM,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    LogitLens,
    OriginalCAM,
    RandomCAM,
    ScoreCAM,
    SmoothGradCAMPlusPlus,
    XGradCAM,
)
from explain.command.figures import Figures
from explain.command.names import ALL_CHANNELS, CONTROLS, FOREGROUND
from explain.command.settings import Settings
from explain.controls import CentrePrior, RandomMap
from explain.copies import Progress
from explain.core import Explainer
from explain.gradients import Gradient, GradientInput, IntegratedGradients, SmoothGrad
from explain.perturbation import STEP, ExtremalPerturbation2D, ExtremalPerturbation3D, Occlusion
from explain.tcam.foreground import Foreground, Gated
from explain.tcam.localizer import Localizer

Builders = Mapping[str, Callable[[], Explainer]]

_BACKWARD: Final = 4
"""Copies of a clip in a pass that goes all the way back to the pixels, at most: it keeps every layer."""


def build_methods(
    names: Sequence[str],
    settings: Settings | None = None,
    progress: Progress | None = None,
    figures: Figures | None = None,
    localizer: Localizer | None = None,
) -> dict[str, Explainer]:
    """Build methods by name, in this order.

    Args:
        names: of `explain.command.names.METHODS`, and `ALL_CHANNELS`.
        settings: what was chosen of them.
        progress: is told how many copies of a clip are scored.
        figures: hears what methods tell of their maps.
        localizer: knows the foreground, where that was chosen.

    Raises:
        InputError: what was chosen does not go with a method.
    """
    chosen = settings or Settings()
    by_name = {
        **_at_layers(chosen, progress),
        **_at_pixels(chosen, progress, figures or Figures()),
        **_extremal(chosen, progress, figures or Figures()),
    }
    if localizer is None:
        return {name: by_name[name]() for name in names}
    built = {name: Foreground(localizer) if name == FOREGROUND else by_name[name]() for name in names}
    ungated = {FOREGROUND, *CONTROLS} if chosen.gate else set(names)
    return {name: own if name in ungated else Gated(own, localizer) for name, own in built.items()}


def _at_layers(chosen: Settings, progress: Progress | None) -> Builders:
    """Methods whose maps have the grid of a layer.

    ScoreCAM's weights are stretched to 0..1, as CAM tools do: the softmax of similarities is the same for all channels.
    """
    scoring = partial(ScoreCAM, weighting="minmax", batch_size=chosen.batch_size, progress=progress)
    return {
        "originalcam": OriginalCAM,
        "gradcam": partial(GradCAM, temporal=chosen.temporal),
        "gradcam++": GradCAMPlusPlus,
        "smooth_gradcam++": partial(SmoothGradCAMPlusPlus, progress=progress),
        "layercam": partial(LayerCAM, layers=chosen.layers),
        "scorecam": partial(scoring, channels=chosen.channels),
        ALL_CHANNELS: scoring,
        "hirescam": HiResCAM,
        "xgradcam": XGradCAM,
        "elementwise": ElementWiseCAM,
        "eigencam": EigenCAM,
        "eigengradcam": EigenGradCAM,
        "ablationcam": partial(AblationCAM, batch_size=chosen.batch_size, progress=progress),
        "attention": GradientAttention,
        "rollout": AttentionRollout,
        "logit_lens": LogitLens,
        "randomcam": RandomCAM,
        "random": RandomMap,
        "centre": CentrePrior,
    }


def _at_pixels(chosen: Settings, progress: Progress | None, figures: Figures) -> Builders:
    """Methods whose maps have the grid of the clip."""
    backward = min(chosen.batch_size, _BACKWARD)
    return {
        "gradient": Gradient,
        "gradient_input": GradientInput,
        "integrated_gradients": partial(
            IntegratedGradients,
            baseline=chosen.baseline or "black",
            steps=chosen.steps,
            batch_size=backward,
            note=figures.note_of("integrated_gradients"),
            progress=progress,
        ),
        "smoothgrad": partial(SmoothGrad, batch_size=backward, progress=progress),
        "occlusion": partial(
            Occlusion,
            baseline="blur" if chosen.baseline == "blur" else "mean",
            batch_size=chosen.batch_size,
            progress=progress,
        ),
    }


def _extremal(chosen: Settings, progress: Progress | None, figures: Figures) -> Builders:
    """Methods that search for a mask."""
    kinds = {"2d_ep": ExtremalPerturbation2D, "3d_ep": ExtremalPerturbation3D, "step": STEP}
    return {
        name: partial(
            kind,
            areas=chosen.areas,
            iterations=chosen.iterations,
            mode=chosen.mode,
            reward=chosen.reward,
            batch_size=min(chosen.batch_size, _BACKWARD),
            note=figures.note_of(name),
            progress=progress,
        )
        for name, kind in kinds.items()
    }
