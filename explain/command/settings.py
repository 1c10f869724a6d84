"""What can be chosen of the methods."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from explain.command.names import AREAS, IG_STEPS, ITERATIONS
from explain.perturbation.game import Mode
from explain.perturbation.rewards import RewardName
from explain.sinks.folder import Facts


@dataclass(frozen=True, slots=True)
class Settings:
    """What was chosen.

    Attributes:
        temporal: over what GradCAM averages gradients, see there.
        layers: those that LayerCAM fuses; none is the one that the backbone chooses.
        channels: in how many groups ScoreCAM scores the channels; None scores each.
        batch_size: copies of a clip in a forward pass, for the methods that score many.
        baseline: what stands where a clip has no evidence; None is what each method usually takes.
        steps: nodes of the integral of integrated gradients.
        areas: shares of the clip that extremal perturbations leave visible; their map is the mean over them.
        iterations: how many these take at most.
        mode: what is asked of their masks.
        reward: what their loss is of.
        tcam: checkpoint of TCAM, which knows the foreground; None measures nothing behind it.
        gate: maps are multiplied by that foreground.
    """

    temporal: Literal["clip", "frame"] = "clip"
    layers: tuple[str, ...] = ()
    channels: int | None = None
    batch_size: int = 32
    baseline: Literal["black", "mean", "blur"] | None = None
    steps: int = IG_STEPS
    areas: tuple[float, ...] = AREAS
    iterations: int = ITERATIONS
    mode: Mode = "preserve"
    reward: RewardName = "score"
    tcam: Path | None = None
    gate: bool = False

    @property
    def choices(self) -> Facts:
        """Those that change a map, by the names of their flags; None is what was not chosen."""
        return {
            "gradcam_temporal": self.temporal if self.temporal != "clip" else None,
            "layercam_layers": ", ".join(self.layers) or None,
            "scorecam_channels": self.channels,
            "baseline": self.baseline,
            "ig_steps": self.steps if self.steps != IG_STEPS else None,
            "perturb_area": ", ".join(f"{area:g}" for area in self.areas) if self.areas != AREAS else None,
            "num_iter": self.iterations if self.iterations != ITERATIONS else None,
            "perturb_mode": self.mode if self.mode != "preserve" else None,
            "perturb_reward": self.reward if self.reward != "score" else None,
            "tcam": str(self.tcam) if self.tcam else None,
            "gate": True if self.gate else None,
        }

    @property
    def facts(self) -> Facts:
        """Those that change a map, if they were chosen.

        >>> dict(Settings(layers=("trunk.layer3", "trunk.layer4"), batch_size=8).facts)
        {'layercam_layers': 'trunk.layer3, trunk.layer4'}
        """
        return {name: value for name, value in self.choices.items() if value is not None}
