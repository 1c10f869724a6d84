"""The flags that choose something of single methods."""

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from explain.command.names import (
    ALL_CHANNELS,
    AREAS,
    BASELINES,
    EXTREMAL,
    FOREGROUND,
    IG_STEPS,
    ITERATIONS,
    MODES,
    REWARDS,
)
from explain.command.words import shares, words
from reid.errors import InputError
from reid.parsing import positive

if TYPE_CHECKING:
    from explain.command.settings import Settings
    from explain.perturbation.rewards import RewardName


def add_settings(flags: argparse.ArgumentParser) -> None:
    """Describe what can be chosen of single methods."""
    flags.add_argument(
        "--temporal",
        choices=("clip", "frame"),
        default="clip",
        help="gradcam alone: one weight a channel for the clip, or one for every frame",
    )
    flags.add_argument(
        "--layers",
        type=words,
        metavar="NAME,NAME",
        default=(),
        help="layercam alone: fuse its maps at these layers of the backbone",
    )
    flags.add_argument(
        "--scorecam_batch_size",
        type=positive,
        default=32,
        help="clips in a pass of methods that score many; 4 at most where gradients are taken",
    )
    flags.add_argument(
        "--scorecam_channels",
        type=positive,
        help=f"groups of channels that scorecam scores, all if not given; --method scorecam,{ALL_CHANNELS} has both",
    )
    flags.add_argument(
        "--baseline",
        choices=BASELINES,
        help="what stands where a clip has no evidence; integrated_gradients begins at black if not given, occlusion "
        "hides by the mean colour",
    )
    flags.add_argument("--ig_steps", type=positive, help=f"steps of integrated_gradients, {IG_STEPS} if not given")
    _add_search(flags)
    _add_foreground(flags)


def _add_search(flags: argparse.ArgumentParser) -> None:
    """Describe what can be chosen of the methods that search for a mask."""
    flags.add_argument(
        "--perturb_area",
        type=shares,
        metavar="SHARE,SHARE",
        help=f"of 2d_ep, 3d_ep and step: shares of the clip that stay visible, {AREAS[0]} if not given",
    )
    flags.add_argument(
        "--num_iter", type=positive, help=f"of 2d_ep, 3d_ep and step: iterations at most, {ITERATIONS} if not given"
    )
    flags.add_argument(
        "--perturb_mode",
        choices=MODES,
        help="of 2d_ep, 3d_ep and step: the score is to stay where only the mask is seen (preserve, if not given), to "
        "go where it is hidden (delete), or both (dual)",
    )
    flags.add_argument(
        "--perturb_reward",
        choices=REWARDS,
        help="of 2d_ep, 3d_ep and step: what is to stay or go; if not given the probability of a class of --model "
        "(log_probability), else the score that is explained",
    )


def _add_foreground(flags: argparse.ArgumentParser) -> None:
    """Describe what can be done with a decoder that knows the foreground."""
    flags.add_argument(
        "--tcam",
        type=Path,
        metavar="FILE",
        help="checkpoint of TCAM, which tells person from background: says how much of every map lies behind the "
        f"person, and shows the foreground as --method {FOREGROUND}",
    )
    flags.add_argument("--gate", action="store_true", help="with --tcam: multiply the maps by the foreground")


def settings_of(given: argparse.Namespace, methods: Collection[str]) -> "Settings":
    """What was chosen of the methods.

    Raises:
        InputError: they do not go with the methods.
    """
    if given.tcam is None and (given.gate or FOREGROUND in methods):
        asked = "--gate" if given.gate else f"--method {FOREGROUND}"
        raise InputError(f"{asked} needs --tcam FILE, a checkpoint of configs/localization/reid_tcam.yaml")
    if given.baseline == "black" and "occlusion" in methods:
        raise InputError("--baseline black is no choice of occlusion: take mean or blur, or leave occlusion out")

    from explain.command.settings import Settings  # late: --help and a misspelt flag must not wait for torch

    return Settings(
        given.temporal,
        given.layers,
        given.scorecam_channels,
        given.scorecam_batch_size,
        given.baseline,
        given.ig_steps or IG_STEPS,
        given.perturb_area or AREAS,
        given.num_iter or ITERATIONS,
        given.perturb_mode or "preserve",
        given.perturb_reward or (_usual_reward(given) if set(EXTREMAL) & set(methods) else "score"),
        given.tcam,
        given.gate,
    )


def _usual_reward(given: argparse.Namespace) -> "RewardName":
    """Of a class its probability, as published for clips: a logit that stays is no probability that stays."""
    of_class = given.model is not None and getattr(given, "score", "logit") != "energy"
    return "log_probability" if of_class else "score"
