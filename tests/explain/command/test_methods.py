"""Every name on the command line is the method of that name, built as was chosen."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from explain.cam import GradCAM, LayerCAM, ScoreCAM
from explain.command.flags import methods_of
from explain.command.methods import build_methods
from explain.command.names import (
    ALIASES,
    ALL,
    ALL_CHANNELS,
    CONTROLS,
    FOREGROUND,
    METHODS,
    MINUTES,
    NORMALISATIONS,
    UNITS,
)
from explain.command.settings import Settings
from explain.metrics.order import Unit
from explain.overlay import Normalisation

OTHER_NAMES = {
    "gradcam++": "gradcamplusplus",
    "smooth_gradcam++": "smoothgradcamplusplus",
    "attention": "gradientattention",
    "rollout": "attentionrollout",
    "elementwise": "elementwisecam",
    "logit_lens": "logitlens",
    "random": "randommap",
    "centre": "centreprior",
    "gradient_input": "gradientinput",
    "integrated_gradients": "integratedgradients",
    "2d_ep": "extremalperturbation2d",
    "3d_ep": "extremalperturbation3d",
}


def test_every_name_is_the_method_of_that_name() -> None:
    own = [name for name in METHODS if name != FOREGROUND]  # which needs a checkpoint
    found = {name: type(method).__name__.lower() for name, method in build_methods(own).items()}
    assert found == {name: OTHER_NAMES.get(name, name) for name in own}
    assert set(CONTROLS) < set(METHODS)


def test_what_takes_minutes_has_to_be_named() -> None:
    assert set(methods_of("all")) == set(METHODS) - {*MINUTES, FOREGROUND}
    assert methods_of("all,perturb") == (*ALL, "3d_ep")
    assert set(ALIASES.values()) < set(METHODS)


def test_choices_reach_their_methods() -> None:
    settings = Settings("frame", ("low", "high"), channels=4, batch_size=8)
    built = build_methods(["gradcam", "layercam", "scorecam", ALL_CHANNELS], settings)
    gradcam, layercam, scorecam, full = built.values()
    assert isinstance(gradcam, GradCAM)
    assert isinstance(layercam, LayerCAM)
    assert isinstance(scorecam, ScoreCAM)
    assert isinstance(full, ScoreCAM)
    assert gradcam.temporal == "frame"
    assert layercam.layers == ("low", "high")
    assert (scorecam.channels, full.channels) == (4, None)
    assert scorecam.batch_size == full.batch_size == 8
    assert dict(settings.facts) == {
        "gradcam_temporal": "frame",
        "layercam_layers": "low, high",
        "scorecam_channels": 4,
    }


def test_the_choices_are_those_that_there_are() -> None:
    assert get_args(Unit) == UNITS
    assert get_args(Normalisation) == NORMALISATIONS


@pytest.mark.parametrize("words", [["--help"], ["evaluate", "--help"], ["--metod", "x"]])
def test_help_does_not_wait_for_torch(words: list[str]) -> None:
    script = (
        "import sys; from explain.command.cli import main; from reid.errors import exit_status\n"
        f"try:\n    exit_status(lambda: main({words}))\n"
        "finally:\n    assert 'torch' not in sys.modules"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
