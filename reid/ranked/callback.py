"""Pictures of rankings after an evaluation."""

import json
from collections.abc import Sequence
from itertools import starmap
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from typing_extensions import override

from reid.board.base import Board
from reid.board.encoding import png
from reid.board.files import Files
from reid.board.of_trainer import boards_of
from reid.board.surviving import surviving
from reid.distances import Rows
from reid.errors import InputError
from reid.evaluated import EvaluatedModule
from reid.protocol import Evaluation
from reid.ranked.lists import Place, choose, first_places
from reid.ranked.strip import Line, draw
from reid.types import Tracklet
from reid.writing import write_whole


class RankedLists(Callback):
    """Writes what stands first for some queries, after `validate` and `test`, below `ranked/` in the run's folder.

    Each query gets a PNG, which goes to TensorBoard and other loggers of pictures too: a strip of frames for each
    tracklet, framed green where it is right, red where it is wrong, grey where it does not count. `ranked.json` holds
    the same with names and distances.

    Args:
        count: how many places that count are shown.
        queries: how many queries, half of them the worst ones, or the names of their tracklets.
        frames: frames in a strip.
    """

    def __init__(self, count: int = 10, queries: int | list[str] = 10, frames: int = 6) -> None:
        if min(count, frames, 1 if isinstance(queries, list) else queries) < 1:
            raise InputError(f"RankedLists: count {count}, queries {queries} and frames {frames} must be 1 or more")
        self.count = count
        self.queries = queries
        self.frames = frames

    @override
    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if isinstance(self.queries, list) and isinstance(pl_module, EvaluatedModule):
            _places(self.queries, pl_module.evaluation)  # a misspelt name must not wait for the evaluation

    @override
    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn == "validate":
            self.on_test_start(trainer, pl_module)

    @override
    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        folder = Path(trainer.log_dir or trainer.default_root_dir)  # on every rank: Lightning broadcasts it
        if trainer.is_global_zero and isinstance(pl_module, EvaluatedModule) and pl_module.embeddings is not None:
            boards = [board for board in boards_of(trainer, folder) if not isinstance(board, Files)]  # files are there
            self._write(folder / "ranked", boards, pl_module, pl_module.embeddings)

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn == "validate":
            self.on_test_end(trainer, pl_module)

    def _write(self, folder: Path, boards: Sequence[Board], module: EvaluatedModule, embeddings: Tensor) -> None:
        """Write a picture for each query, and the list of all."""
        distances = module.metric.distances(embeddings)
        found = []
        for asked in self._chosen(module, embeddings):
            query = module.evaluation.tracklets[module.evaluation.query[asked]]
            ranked = self._ranked(module, distances, asked)
            pixels = draw([_asked(query), *starmap(_line, ranked)], self.frames)
            picture = write_whole(folder / f"{quote(query.name, safe='')}.png", png(pixels))
            for board in boards:
                with surviving("a ranked list"):
                    board.image(f"ranked/{query.name}", pixels, module.global_step)
            found.append({"query": _named(query), "picture": picture.name, "ranked": list(starmap(_told, ranked))})
        write_whole(folder / "ranked.json", json.dumps(found, indent=2) + "\n")
        module.print(f"ranked lists of {len(found)} queries: {folder}")

    def _chosen(self, module: EvaluatedModule, embeddings: Tensor) -> Sequence[int]:
        """Which queries, by their place among the queries."""
        if isinstance(self.queries, list):
            return _places(self.queries, module.evaluation)
        return choose(module.metric.rank(embeddings), self.queries)  # `compute` would wait for the other processes

    def _ranked(self, module: EvaluatedModule, distances: Rows, asked: int) -> list[tuple[Place, Tracklet]]:
        """What stands first for a query."""
        metric, gallery = module.metric, list(module.evaluation.gallery)
        index = module.evaluation.query[asked]
        own = gallery.index(index) if index in gallery else None
        query, offered = metric.labels(metric.query), metric.labels(metric.gallery)
        places = first_places(distances, query, offered, asked, self.count, own)
        return [(place, module.evaluation.tracklets[gallery[place.item]]) for place in places]


def _places(names: Sequence[str], evaluation: Evaluation) -> list[int]:
    """Where tracklets stand among the queries."""
    place = {evaluation.tracklets[index].name: asked for asked, index in enumerate(evaluation.query)}
    for name in names:
        if name not in place:
            some = ", ".join(list(place)[:3])
            raise InputError(f"ranked query {name}: no query of {evaluation.benchmark}, whose are {some} ...")
    return [place[name] for name in names]


def _asked(query: Tracklet) -> Line:
    """The query's line."""
    return Line(query, "query", ["query", query.name, f"person {query.person}", f"camera {query.camera}"])


def _line(place: Place, tracklet: Tracklet) -> Line:
    """The line of a tracklet in the ranking."""
    head = f"{place.rank}. {place.verdict}" if place.rank else "same camera"
    words = [
        head,
        tracklet.name,
        f"person {tracklet.person}, camera {tracklet.camera}",
        f"distance {place.distance:.4f}",
    ]
    return Line(tracklet, place.verdict, words)


def _named(tracklet: Tracklet) -> dict[str, Any]:
    """A tracklet in JSON."""
    return {
        "tracklet": tracklet.name,
        "person": tracklet.person,
        "camera": tracklet.camera,
        "frames": [str(frame) for frame in tracklet.frames],
    }


def _told(place: Place, tracklet: Tracklet) -> dict[str, Any]:
    """A place in JSON."""
    return {"rank": place.rank, "verdict": place.verdict, "distance": place.distance, **_named(tracklet)}
