"""Which options go with which: one that nothing would heed is refused, not passed over without a word."""

import argparse
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from explain.command.names import ALL_CHANNELS, CONTROLS, EXTREMAL, FOREGROUND, METHODS
from reid.errors import InputError


class Choice(NamedTuple):
    """An option that is a choice of some methods."""

    option: str
    methods: Sequence[str]
    called: str = ""
    """The methods in words, where a list of them would be long."""


class Partners(NamedTuple):
    """An option that says something about others."""

    option: str
    others: Sequence[str]
    """One of these has to be given too."""
    why: str


class Rivals(NamedTuple):
    """Options that contradict others."""

    some: Sequence[str]
    others: Sequence[str]
    why: str


_GATED: Final = tuple(name for name in (*METHODS, ALL_CHANNELS) if name not in {FOREGROUND, *CONTROLS})
_SCORING: Final = ("scorecam", ALL_CHANNELS, "ablationcam", "integrated_gradients", "smoothgrad", "occlusion")

CHOICES: Final = (
    Choice("temporal", ("gradcam",)),
    Choice("layers", ("layercam",)),
    Choice("scorecam_channels", ("scorecam",)),
    Choice("scorecam_batch_size", (*_SCORING, *EXTREMAL), f"methods that score many copies of a clip, {_SCORING[0]}"),
    Choice("baseline", ("integrated_gradients", "occlusion")),
    Choice("ig_steps", ("integrated_gradients",)),
    Choice("perturb_area", EXTREMAL),
    Choice("num_iter", EXTREMAL),
    Choice("perturb_mode", EXTREMAL),
    Choice("perturb_reward", EXTREMAL),
    Choice("gate", _GATED, f"all methods but {', '.join((FOREGROUND, *CONTROLS))}"),
)
"""Options of single methods, of `explain.py` and of `explain.py evaluate`."""

PARTNERS: Final = (
    Partners("instead_of", ("video", "tracklet"), "a query is compared with its benchmark"),
    Partners("against", ("video", "tracklet"), "a query is compared with its benchmark"),
    Partners("instead_of", ("against",), "why that one, and not this one"),
    Partners("query", ("config",), "the training config names the benchmark"),
    Partners("mistakes", ("config",), "the training config names the benchmark"),
    Partners("root", ("query", "mistakes"), "it is the folder of their benchmark"),
    Partners("top", ("query",), "it is the length of its ranked list"),
    Partners("tensorboard", ("video", "tracklet", "query", "mistakes"), "leave it out of a --videos_dir"),
)
"""Options of `explain.py` that mean nothing alone."""

RIVALS: Final = (
    Rivals(
        ("target_id", "label", "score", "finer"),
        ("against", "query", "mistakes"),
        "a class is explained, or a similarity: give one or the other",
    ),
)
"""Options of `explain.py` of which one would not be heeded."""


def given_of(parser: argparse.ArgumentParser, words: Sequence[str]) -> frozenset[str]:
    """Which options stand on a command line that was parsed before, also those that name their usual value.

    >>> flags = argparse.ArgumentParser()
    >>> _ = flags.add_argument("--top", type=int, default=6), flags.add_argument("--score", default="logit")
    >>> sorted(given_of(flags, ["--top", "6"]))
    ['top']
    """
    nothing = object()
    blank = argparse.Namespace(**{action.dest: nothing for action in parser._actions})  # noqa: SLF001 - no public list
    return frozenset(name for name, value in vars(parser.parse_args(words, blank)).items() if value is not nothing)


def require_takers(given: Collection[str], method: str | None, methods: Collection[str]) -> None:
    """Refuse a choice of methods that are not asked for.

    Args:
        given: names of the options on the command line.
        method: what was said of methods there, or meant without saying it.
        methods: which ones these are; none are the usual ones, of which nothing but a gate can be chosen.

    Raises:
        InputError: it names the option, the methods, and what to do.
    """
    for option, takers, called in CHOICES:
        if option in given and not set(takers) & set(methods or ("originalcam",)):
            asked = f"--method {method}" if method else "no --method"
            more = ",".join(filter(None, (method, takers[0])))
            raise InputError(
                f"--{option} is a choice of {called or ' and '.join(takers)}, but {asked} was given: "
                f"give --method {more}, or leave --{option} out"
            )


def require_company(given: Collection[str]) -> None:
    """Refuse options of `explain.py` that nothing on the command line goes with, or that contradict others.

    Args:
        given: names of the options on the command line.

    Raises:
        InputError: it names them, and says what to do.
    """
    for some, others, why in RIVALS:
        clash = [next((name for name in names if name in given), None) for names in (some, others)]
        if None not in clash:
            raise InputError(f"--{clash[0]} and --{clash[1]} contradict each other: {why}")
    for option, others, why in PARTNERS:
        if option in given and not set(others) & set(given):
            raise InputError(f"--{option} goes with {' or '.join(f'--{name}' for name in others)}: {why}")
