"""Maps that answer questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from einops import rearrange
from torch import Tensor

from explain.attention import TemporalAttention
from explain.core import Explainer
from explain.metrics.concentration import entropy
from explain.reader import Refusals, explain_all
from explain.sinks.tensorboard_sides import Side
from explain.watch.question import Mirror, Question
from reid.errors import InputError
from reid.model import ReIDModel

_MAP, _FRAMES = "map", "weights of the frames"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """An explanation.

    Attributes:
        question: what it explains.
        pixels: [1,3,T,H,W] normalised, on what.
        raw: [1,t,h,w] signed map.
        sides: what is drawn: the clip that is asked about, and that of the question's mirror if it was explained.
        numbers: what the pass told besides: `attention_entropy` in nats, if the frames are joined by attention.
    """

    question: Question
    pixels: Tensor
    raw: Tensor
    sides: tuple[Side, ...]
    numbers: Mapping[str, float] = field(default_factory=dict)


def answer(model: ReIDModel, method: Explainer, clip: Tensor, asked: Sequence[Question]) -> list[Answer]:
    """Answer questions about a clip; a method that only reads needs one forward pass for all of them.

    Args:
        model: see `Explainer.__call__`.
        method: how.
        clip: [1,3,T,H,W] uint8.
        asked: with different titles.

    Raises:
        InputError: a score cannot be explained in this way, or its map is not finite.
    """
    pixels, refusals = model.preprocess(clip), Refusals()
    methods = {_MAP: method, _FRAMES: TemporalAttention()}
    maps = explain_all(model, pixels, methods, {question.title: question.target for question in asked}, refusals)
    if _MAP in refusals:
        raise refusals[_MAP]
    answers = []
    for question in asked:
        found = maps[question.title]
        weights, raw = found.get(_FRAMES), found[_MAP]
        numbers = {} if weights is None else {"attention_entropy": entropy(weights).item()}
        answers.append(Answer(question, pixels, raw, (_side(question, clip, raw),), numbers))
    return answers


def reflect(model: ReIDModel, method: Explainer, found: Answer, mirror: Mirror, clip: Tensor) -> Answer:
    """Add the other side of a pair.

    Args:
        model: see `Explainer.__call__`.
        method: how.
        found: the answer so far.
        mirror: of its question.
        clip: [1,3,T,H,W] uint8 of the mirror's tracklet.

    Raises:
        InputError: its score cannot be explained in this way, or its map is not finite.
    """
    raw = method(model, model.preprocess(clip), mirror.target)
    return replace(found, sides=(*found.sides, _side(mirror, clip, raw)))


def _side(asked: Question | Mirror, clip: Tensor, raw: Tensor) -> Side:
    """A clip [1,3,T,H,W] and its map [1,t,h,w], to be drawn."""
    if not raw.isfinite().all():
        raise InputError(f"{asked.caption}: the map holds NaN or infinite values")
    return Side(asked.caption, rearrange(clip[0], "c t h w -> t h w c").cpu().numpy(), raw[0].cpu())
