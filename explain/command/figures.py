"""What methods tell about their maps, and maps that keep it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from explain.core import Note
from explain.report.content import Heatmap


@dataclass(frozen=True, slots=True, eq=False)
class Judged(Heatmap):
    """A map with the figures by which it can be judged.

    Attributes:
        figures: by name, such as how far an integral is from complete.
    """

    figures: Mapping[str, float] = field(default_factory=dict)


class Figures:
    """Hears what methods tell about the map of one clip.

    >>> figures = Figures()
    >>> figures.note_of("integrated_gradients")("completeness_error", [0.01])
    >>> figures.take("integrated_gradients"), figures.take("integrated_gradients")
    ({'completeness_error': 0.01}, {})
    """

    def __init__(self) -> None:
        self._told: dict[str, dict[str, float]] = {}

    def note_of(self, method: str) -> Note:
        """Listen to a method of this name."""

        def note(name: str, values: Sequence[float]) -> None:
            self._told.setdefault(method, {})[name] = float(values[0])

        return note

    def clear(self) -> None:
        """Forget what was told of another clip."""
        self._told.clear()

    def take(self, method: str) -> Mapping[str, float]:
        """What a method told of this clip; it is forgotten then."""
        return self._told.pop(method, {})
