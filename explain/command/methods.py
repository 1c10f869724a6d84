"""The methods by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

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
from explain.command.names import ALL_CHANNELS, METHODS
from explain.controls import CentrePrior, RandomMap
from explain.copies import Progress
from explain.core import Explainer
from explain.sinks.folder import Facts


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be chosen of the methods.

    Attributes:
        temporal: over what GradCAM averages gradients, see there.
        layers: those that LayerCAM fuses; none is the one that the backbone chooses.
        channels: in how many groups ScoreCAM scores the channels; None scores each.
        batch_size: copies of a clip in a forward pass, for the methods that score many.
    """

    temporal: Literal["clip", "frame"] = "clip"
    layers: tuple[str, ...] = ()
    channels: int | None = None
    batch_size: int = 32

    @property
    def facts(self) -> Facts:
        """Those that change a map, if they were chosen.

        >>> dict(Settings(layers=("trunk.layer3", "trunk.layer4"), batch_size=8).facts)
        {'layercam_layers': 'trunk.layer3, trunk.layer4'}
        """
        chosen: Facts = {
            "gradcam_temporal": self.temporal if self.temporal != "clip" else None,
            "layercam_layers": ", ".join(self.layers) or None,
            "scorecam_channels": self.channels,
        }
        return {name: value for name, value in chosen.items() if value is not None}


def build_methods(
    names: Sequence[str], settings: Settings | None = None, progress: Progress | None = None
) -> dict[str, Explainer]:
    """Build methods by name, in this order.

    ScoreCAM's weights are stretched to 0..1, as CAM tools do: the softmax of similarities is the same for all channels.

    Args:
        names: of `explain.command.names.METHODS`, and `ALL_CHANNELS`.
        settings: what was chosen of them.
        progress: is told how many copies of a clip are scored.
    """
    chosen = settings or Settings()
    scoring = partial(ScoreCAM, weighting="minmax", batch_size=chosen.batch_size, progress=progress)
    in_order: tuple[Callable[[], Explainer], ...] = (
        OriginalCAM,
        partial(GradCAM, temporal=chosen.temporal),
        GradCAMPlusPlus,
        partial(LayerCAM, layers=chosen.layers),
        partial(scoring, channels=chosen.channels),
        HiResCAM,
        XGradCAM,
        ElementWiseCAM,
        EigenCAM,
        EigenGradCAM,
        partial(AblationCAM, batch_size=chosen.batch_size, progress=progress),
        GradientAttention,
        AttentionRollout,
        LogitLens,
        RandomCAM,
        RandomMap,
        CentrePrior,
    )
    by_name: dict[str, Callable[[], Explainer]] = {**dict(zip(METHODS, in_order, strict=True)), ALL_CHANNELS: scoring}
    return {name: by_name[name]() for name in names}
