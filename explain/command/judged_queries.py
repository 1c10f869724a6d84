"""Queries of a benchmark, for methods to be judged on."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from explain.command.chase import Chase
from explain.command.docket import Case, Docket, spread
from explain.command.gallery import Gallery, held_out
from explain.command.inquiry import similar
from explain.command.workbench import Workbench
from reid.errors import InputError
from reid.model import ReIDModel


@dataclass(frozen=True, slots=True)
class Queries:
    """Which queries of which benchmark.

    Attributes:
        config: the training config, whose `data` are the benchmark.
        root: folder of the benchmark; None takes the one that the config names.
        frames: T of the clip that stands for a tracklet; None samples as the config says.
        count: how many of its queries, spread evenly over those that have a true match.
    """

    config: Path
    root: Path | None = None
    frames: int | None = None
    count: int = 20

    def open(self, bench: Workbench[ReIDModel]) -> Docket:
        """Find them; asked is why each resembles its best true match.

        Raises:
            InputError: the benchmark cannot be read, or no query has a true match.
        """
        side = held_out(bench, self.config, self.root, self.frames)
        gallery = Gallery(bench.model, side, bench.reporter)
        valid = [query for query, ok in zip(side.evaluation.query, gallery.ranking.valid.tolist(), strict=True) if ok]
        if not valid:
            raise InputError(f"{side.evaluation.benchmark}: no query has a true match under another camera")
        cases = [partial(_case, gallery, query) for query in spread(valid, self.count)]
        return Docket("queries", cases, gallery.facts, partial(Chase, gallery))


def _case(gallery: Gallery, tracklet: int) -> Case:
    """Read a query."""
    true = next(match for match in gallery.matches(tracklet) if match.right)
    subject, other = gallery.subject(tracklet), gallery.subject(true.tracklet)
    side = similar("query", subject, other, gallery.model.distance)
    return Case(side, side.target, gallery.side.masks(gallery.side.clip(tracklet)), tracklet)
