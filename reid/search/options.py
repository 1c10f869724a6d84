"""What `train.py search` understands beside the options of `fit`."""

import re
from argparse import ArgumentTypeError
from pathlib import Path

from reid.own_options import OwnOptions, natural


def options() -> OwnOptions:
    """Describe the options that `fit` does not have."""
    own = OwnOptions("search", "Search for hyper-parameters: many runs, in one study that many workers may join.")
    own.add_argument("--space", type=Path, required=True, help="YAML that says which options are varied, between what")
    own.add_argument("--storage", required=True, help="journal:FILE, sqlite:///FILE, or the URL of another database")
    own.add_argument("--study", type=_name, help="its name; if not given, that of the space")
    own.add_argument("--trials", type=natural, default=60, help="of the study, of all workers; 0 shows what there is")
    own.add_argument("--objective", default="mAP", help="logged metric that is sought, of the last evaluation")
    own.add_argument("--direction", choices=("maximize", "minimize"), default="maximize", help="which way is better")
    own.add_argument("--startup", type=natural, default=10, help="quasi-random trials before TPE takes over")
    own.add_argument("--sampler_seed", type=natural, default=0, help="of the values that are tried")
    own.add_argument(
        "--lost_after", type=_seconds, default=120.0, help="seconds of silence after which a trial is run again"
    )
    own.add_argument("--on_test_people", action="store_true", help="let the test side decide, held-out people or not")
    return own


def _name(text: str) -> str:
    if not re.fullmatch(r"\w[\w.-]*", text):
        raise ArgumentTypeError(f"{text!r} is no name for a folder: use letters, digits, dots and dashes")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds
