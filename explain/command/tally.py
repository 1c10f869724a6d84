"""What a model takes the clips of a folder for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from explain.command.likeliest import in_lines
from reid.classifier import Prediction


@dataclass(slots=True)
class Tally:
    """Counts clips.

    Attributes:
        said: what the model takes each clip for, best first.
        labels: what a clip shows, by its name, where the name says so.
        broken: clips that could not be explained, and why.
        figures: what methods told of their maps, in lines.
    """

    said: dict[str, list[Prediction]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    figures: list[str] = field(default_factory=list)

    def right(self, places: int) -> int:
        """How many clips have their label among the first places.

        >>> tally = Tally({"a": [Prediction("run", 0.5), Prediction("sit", 0.3)]}, {"a": "sit"})
        >>> tally.right(1), tally.right(5)
        (0, 1)
        """
        return sum(self.labels.get(clip) in self._names(clip)[:places] for clip in self.said)

    @property
    def labelled(self) -> int:
        """How many clips have a label and were seen."""
        return len(self.labels.keys() & self.said.keys())

    @property
    def result(self) -> dict[str, Any]:
        """For `summary.json`."""
        counts = {"labelled": self.labelled, "top_1": self.right(1), "top_5": self.right(5)}
        clips = {
            clip: {"label": self.labels.get(clip), "predictions": [list(prediction) for prediction in found]}
            for clip, found in self.said.items()
        }
        return {**counts, "clips": clips, "broken": self.broken}

    @property
    def lines(self) -> list[str]:
        r"""Say it for people: each clip with its likeliest classes, what is broken, how many are right.

        >>> print(*Tally({"run-7": [Prediction("sit", 0.5)]}, {"run-7": "run"}).lines, sep="\n")
        run-7, label not among the first 1
        1. sit 0.50
        top-1 0 and top-5 0 of 1 clips with a label
        """
        lines = []
        for clip, found in self.said.items():
            lines += [clip + self._verdict(clip), *in_lines(found)]
        lines += [f"not explained: {clip}: {reason}" for clip, reason in self.broken.items()]
        counts = f"top-1 {self.right(1)} and top-5 {self.right(5)} of {self.labelled} clips with a label"
        return [*lines, *self.figures, *([counts] if self.labelled else [])]

    def _names(self, clip: str) -> Sequence[str]:
        return [label for label, _ in self.said[clip]]

    def _verdict(self, clip: str) -> str:
        """Where its label stands, if it has one."""
        if clip not in self.labels:
            return ""
        names = self._names(clip)
        if self.labels[clip] not in names:
            return f", label not among the first {len(names)}"
        return f", label at place {names.index(self.labels[clip]) + 1}"
