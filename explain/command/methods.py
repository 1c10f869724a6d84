"""The methods by name."""

from collections.abc import Callable, Mapping, Sequence

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
    XGradCAM,
)
from explain.controls import CentrePrior, RandomMap
from explain.copies import Progress
from explain.core import Explainer

READING: Mapping[str, Callable[[], Explainer]] = {
    "originalcam": OriginalCAM,
    "gradcam": GradCAM,
    "gradcam++": GradCAMPlusPlus,
    "layercam": LayerCAM,
    "hirescam": HiResCAM,
    "xgradcam": XGradCAM,
    "elementwise": ElementWiseCAM,
    "eigencam": EigenCAM,
    "eigengradcam": EigenGradCAM,
    "attention": GradientAttention,
    "rollout": AttentionRollout,
    "logit_lens": LogitLens,
    "randomcam": RandomCAM,
    "random": RandomMap,
    "centre": CentrePrior,
}
"""Methods that share one forward pass, and the controls they are compared with."""

SCORING = ("scorecam", "ablationcam")
"""Methods that score many changed copies of a clip."""

CONTROLS = ("randomcam", "random", "centre")
"""What a method has to beat."""


def build_methods(
    names: Sequence[str], batch_size: int = 32, channels: int | None = None, progress: Progress | None = None
) -> dict[str, Explainer]:
    """Build methods by name, in this order.

    ScoreCAM's weights are stretched to 0..1, as CAM tools do: the softmax of similarities is the same for all channels.

    Args:
        names: of `READING` and `SCORING`.
        batch_size: copies of a clip in a forward pass.
        channels: in how many groups ScoreCAM scores the channels; None scores each.
        progress: is told how many copies are scored.
    """
    scoring: dict[str, Callable[[], Explainer]] = {
        "scorecam": lambda: ScoreCAM(weighting="minmax", channels=channels, batch_size=batch_size, progress=progress),
        "ablationcam": lambda: AblationCAM(batch_size=batch_size, progress=progress),
    }
    return {name: {**READING, **scoring}[name]() for name in names}
