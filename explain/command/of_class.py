"""Why a clip is taken for a class."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import torch

from explain.command.inquiry import Inquiry, Side, Subject
from explain.command.likeliest import called
from explain.command.loaded import AnyModel, Loaded
from explain.command.names import Finer, Score
from explain.targets import (
    ClassLogit,
    ClassProbability,
    Energy,
    LogProbability,
    MeanReference,
    RunnerUp,
    Target,
    WeightedRanks,
    settle,
)
from reid.errors import InputError


@dataclass(frozen=True, slots=True)
class ClassAsked:
    """Which score of which class.

    Attributes:
        target_id: class 0..K-1.
        label: the name of the class instead; if neither is given it is the predicted one.
        score: what of the class is explained.
        finer: compare it with others, in one of the forms of `explain.targets.finer`.
    """

    target_id: int | None = None
    label: str | None = None
    score: Score = "logit"
    finer: Finer | None = None


def about_class(loaded: Loaded[AnyModel], subject: Subject, asked: ClassAsked) -> Inquiry:
    """Ask why a clip is taken for a class.

    Args:
        loaded: whose classes they are.
        subject: the clip.
        asked: which score.

    Raises:
        InputError: the model has no such class or no trained one, or nothing to compare it with.
    """
    if asked.score == "energy":
        return _inquiry("energy of the embedding", subject, Energy())
    wanted = chosen_class(loaded.classes, asked)
    own = int(subject.output.logits.argmax()) if wanted is None else wanted
    target = settle(_class_target(own, asked.score, asked.finer), subject.output)
    question = class_in_words(loaded.classes, own)
    if isinstance(target, RunnerUp):
        rival = int(torch.as_tensor(target.rival))
        question += f" against its runner-up, {class_in_words(loaded.classes, rival)}"
    elif asked.finer is not None:
        question += " against the classes next to it"
    elif asked.score != "logit":
        question = f"{asked.score.replace('_', ' ')} of {question}"
    return _inquiry(question, subject, target)


def chosen_class(classes: Sequence[str], asked: ClassAsked) -> int | None:
    """The class that was asked for, 0..K-1; None is the predicted one.

    Raises:
        InputError: the model has no such class, or no trained one.

    >>> chosen_class(["playing guitar", "busking"], ClassAsked(label="Playing_Guitar"))
    0
    """
    if not classes:
        raise InputError(
            "these weights hold no classifier of this model, so no class can be explained: take --against, or --score "
            "energy"
        )
    if asked.label is not None:
        return _named(classes, asked.label)
    if asked.target_id is not None and not 0 <= asked.target_id < len(classes):
        raise InputError(f"--target_id {asked.target_id}: the model knows the classes 0..{len(classes) - 1}")
    return asked.target_id


def class_in_words(classes: Sequence[str], number: int) -> str:
    """What a question calls a class.

    >>> class_in_words(["person 10", ""], 0), class_in_words(["person 10", ""], 1)
    ('class 0 (person 10)', 'class 1')
    """
    return f"class {number}" + (f" ({classes[number]})" if classes[number] else "")


def plain(label: str) -> str:
    """A label without what file names do to it.

    >>> plain("Playing_bass  guitar")
    'playing bass guitar'
    """
    return " ".join(label.replace("_", " ").lower().split())


def _named(classes: Sequence[str], label: str) -> int:
    """The class of that name."""
    known = {plain(name): number for number, name in reversed([*enumerate(called(classes))])}
    if plain(label) not in known:
        near = ", ".join(get_close_matches(plain(label), known, cutoff=0))
        raise InputError(f"--label {label}: the model has no such class; there is {near}")
    return known[plain(label)]


def _inquiry(question: str, subject: Subject, target: Target) -> Inquiry:
    return Inquiry(f"why {question}", question, (Side("clip", subject, target),))


def _class_target(number: int, score: Score, finer: Finer | None) -> Target:
    """The score of a class, which is open where it compares."""
    match finer:
        case "runner_up":
            return RunnerUp(number)
        case "mean":
            return MeanReference(number)
        case "ranks":
            return WeightedRanks(number)
        case None:
            return _own_score(number, score)


def _own_score(number: int, score: Score) -> Target:
    match score:
        case "logit":
            return ClassLogit(number)
        case "probability":
            return ClassProbability(number)
        case "log_probability":
            return LogProbability(number)
        case "energy":
            return Energy()
