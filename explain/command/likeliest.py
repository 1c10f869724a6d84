"""What a model takes a clip for, in words."""

from collections.abc import Sequence

from explain.command.inquiry import Subject
from explain.command.loaded import AnyModel, Loaded
from explain.sinks.folder import Facts
from reid.classifier import Prediction, likeliest


def likeliest_of(loaded: Loaded[AnyModel], subject: Subject) -> list[Prediction]:
    """The likeliest classes of a clip, best first, as many as are told of this model."""
    if not loaded.told:
        return []
    return likeliest(subject.output.logits, called(loaded.classes), loaded.told)[0]


def called(classes: Sequence[str]) -> list[str]:
    """Names of classes; those that nobody knows are numbers.

    >>> called(["run", "", "sit"])
    ['run', '1', 'sit']
    """
    return [name or str(number) for number, name in enumerate(classes)]


def in_lines(predictions: Sequence[Prediction]) -> list[str]:
    """One line for each class.

    >>> in_lines([Prediction("playing guitar", 0.6346), Prediction("busking", 0.2)])
    ['1. playing guitar 0.63', '2. busking 0.20']
    """
    return [f"{place}. {label} {value:.2f}" for place, (label, value) in enumerate(predictions, 1)]


def as_facts(predictions: Sequence[Prediction]) -> Facts:
    """For `summary.json` and the page.

    >>> as_facts([Prediction("playing guitar", 0.5)])
    {'top_1': 'playing guitar', 'top_1_probability': 0.5}
    """
    facts: dict[str, str | float] = {}
    for place, (label, value) in enumerate(predictions, 1):
        facts |= {f"top_{place}": label, f"top_{place}_probability": value}
    return facts
