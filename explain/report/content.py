"""What a report tells: questions about tracklets with their maps, a ranked list, and the facts behind both."""

from dataclasses import dataclass, field
from itertools import chain
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from explain.sinks.folder import Facts

Verdict = Literal["right", "wrong", "junk"]
"""The same person, another one, or a tracklet that the protocol does not count."""

_RGB: Final = 3
_MOST_PANELS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """What one method says of one tracklet.

    Attributes:
        method: its name, as it is chosen in the page.
        raw: [t,h,w] signed map at the method's own grid, not normalised.

    Raises:
        ValueError: the map is no [t,h,w], or holds NaN or infinite values.
    """

    method: str
    raw: Tensor

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if self.raw.ndim != 3 or not self.raw.numel():  # noqa: PLR2004 - t,h,w
            raise ValueError(f"{self.method}: expected a map [t,h,w], not {tuple(self.raw.shape)}")
        if not self.raw.isfinite().all():
            raise ValueError(f"{self.method}: the map holds NaN or infinite values")


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One tracklet with its maps.

    Attributes:
        title: its part in the question: query, match, the person who was not chosen.
        frames: [T,H,W,3] RGB, what was explained.
        maps: one for each method; of those with the same name the last is shown.
        caption: which tracklet it is.

    Raises:
        ValueError: the frames are no [T,H,W,3] of bytes.
    """

    title: str
    frames: NDArray[np.uint8]
    maps: tuple[Heatmap, ...] = ()
    caption: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no clip."""
        shape = self.frames.shape
        if len(shape) != 4 or shape[-1] != _RGB or not self.frames.size or self.frames.dtype != np.uint8:  # noqa: PLR2004
            raise ValueError(f"{self.title}: expected frames [T,H,W,3] of uint8, not {self.frames.dtype} {shape}")


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Why a score is what it is.

    Attributes:
        title: the question in words.
        caption: which score that is, and what its maps are.
        score: the value that is explained.
        panels: one tracklet for a class, two for a pair, three (the query, B and C) for "why B and not C".

    Raises:
        ValueError: there are no panels, or more than three.
    """

    title: str
    caption: str
    score: float
    panels: tuple[Panel, ...]

    def __post_init__(self) -> None:
        """Count the sides."""
        if not 1 <= len(self.panels) <= _MOST_PANELS:
            raise ValueError(f"{self.title}: expected 1 to {_MOST_PANELS} panels, not {len(self.panels)}")


@dataclass(frozen=True, slots=True, eq=False)
class RankedItem:
    """A tracklet of the gallery at its place.

    Attributes:
        panel: the tracklet and why it resembles the query.
        distance: how far it is from the query.
        verdict: whether it is the person asked for.
    """

    panel: Panel
    distance: float
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The nearest tracklets of a gallery.

    Attributes:
        query: who is asked for.
        items: the nearest first.
        caption: the gallery, the distance, what the maps explain.
    """

    query: Panel
    items: tuple[RankedItem, ...]
    caption: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """All of one page.

    Attributes:
        title: of the page.
        facts: what the explanations depend on: the model, its checkpoint and the hash of that, the benchmark.
        questions: shown in this order.
        ranking: shown below them.

    Raises:
        ValueError: there is neither a question nor a ranking.
    """

    title: str
    facts: Facts = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    ranking: Ranking | None = None

    def __post_init__(self) -> None:
        """Refuse an empty page."""
        if not self.questions and self.ranking is None:
            raise ValueError(f"{self.title}: a report needs a question or a ranking")

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Every tracklet that the page shows, in its order."""
        ranking = [self.ranking.query, *(item.panel for item in self.ranking.items)] if self.ranking else []
        return tuple(chain(*(question.panels for question in self.questions), ranking))
