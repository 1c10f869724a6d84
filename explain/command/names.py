"""The words of the command line. Nothing is imported here that `--help` would have to wait for."""

from typing import Final, Literal

METHODS: Final = (
    "originalcam",
    "gradcam",
    "gradcam++",
    "layercam",
    "scorecam",
    "hirescam",
    "xgradcam",
    "elementwise",
    "eigencam",
    "eigengradcam",
    "ablationcam",
    "attention",
    "rollout",
    "logit_lens",
    "randomcam",
    "random",
    "centre",
)
"""The methods; `explain.command.methods` builds them in this order."""

CONTROLS: Final = ("randomcam", "random", "centre")
"""What a method has to beat."""

ALL_CHANNELS: Final = "scorecam_full"
"""ScoreCAM of all channels, whatever the number of groups: for those who want to know what the groups cost."""

Score = Literal["logit", "probability", "log_probability", "energy"]
"""What of a class is explained."""

Finer = Literal["runner_up", "mean", "ranks"]
"""How a class is compared with others, see `explain.targets.finer`."""

NORMALISATIONS: Final = ("frame", "clip")
"""See `explain.overlay.Normalisation`."""

UNITS: Final = ("voxels", "tubes", "frames")
"""See `explain.metrics.order.Unit`."""
