"""The words of the command line. Nothing is imported here that `--help` would have to wait for."""

from typing import Final, Literal

METHODS: Final = (
    "originalcam",
    "gradcam",
    "gradcam++",
    "smooth_gradcam++",
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
    "gradient",
    "gradient_input",
    "integrated_gradients",
    "smoothgrad",
    "occlusion",
    "2d_ep",
    "3d_ep",
    "step",
    "tcam",
    "randomcam",
    "random",
    "centre",
)
"""The methods; `explain.command.methods` builds them in this order."""

CONTROLS: Final = ("randomcam", "random", "centre")
"""What a method has to beat."""

EXTREMAL: Final = ("3d_ep", "2d_ep", "step")
"""Methods that search for a mask."""

MINUTES: Final = ("occlusion", "2d_ep", "3d_ep", "step")
"""Methods that take minutes a clip: `all` leaves them out."""

FOREGROUND: Final = "tcam"
"""The foreground that `--tcam` sees, which `all` leaves out."""

ALL: Final = tuple(name for name in METHODS if name not in {*MINUTES, FOREGROUND})
"""What `all` means."""

ALL_CHANNELS: Final = "scorecam_full"
"""ScoreCAM of all channels, whatever the number of groups: for those who want to know what the groups cost."""

ALIASES: Final = {
    "grad": "gradient",
    "grad*input": "gradient_input",
    "integrated_grad": "integrated_gradients",
    "smooth_grad": "smoothgrad",
    "grad_cam": "gradcam",
    "perturb": "3d_ep",
}
"""Names of VideoVisual for methods that have another one here."""

Score = Literal["logit", "probability", "log_probability", "energy"]
"""What of a class is explained."""

Finer = Literal["runner_up", "mean", "ranks"]
"""How a class is compared with others, see `explain.targets.finer`."""

BASELINES: Final = ("black", "mean", "blur")
"""Clips without evidence."""

IG_STEPS: Final = 20
"""Nodes of the integral of integrated gradients, unless another number is asked for."""

AREAS: Final = (0.1,)
"""Shares of the clip that extremal perturbations leave visible, unless others are asked for."""

ITERATIONS: Final = 2000
"""How many iterations they take at most, unless another number is asked for."""

MODES: Final = ("preserve", "delete", "dual")
"""See `explain.perturbation.game.Mode`."""

REWARDS: Final = ("score", "contrastive", "log_probability")
"""See `explain.perturbation.rewards.RewardName`."""

NORMALISATIONS: Final = ("frame", "clip")
"""See `explain.overlay.Normalisation`."""

POLARITIES: Final = ("positive", "negative", "both")
"""See `explain.overlay.Polarity`."""

BLANKS: Final = ("mean", "blur")
"""See `explain.command.jury.Blank`."""

UNITS: Final = ("voxels", "tubes", "blocks", "frames")
"""See `explain.metrics.order.Unit`."""

ARCHITECTURES: Final = ("i3d", "r3d", "mc3", "r2plus1d", "tsm")
"""See `reid.classifier.Architecture`."""

HEADS: Final = ("verb", "noun")
"""See `reid.imports.tsm.Head`."""
