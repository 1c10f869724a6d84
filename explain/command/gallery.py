"""A benchmark as a model sees it: who is near whom, and which queries it gets wrong."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from explain.command.benchmark import HeldOut, open_benchmark
from explain.command.inquiry import Subject
from explain.command.layers import require_layers
from explain.command.progress import Reporter
from explain.command.workbench import Workbench
from explain.sinks.folder import Facts
from reid.distances import Distances
from reid.metrics import ReIDMetric
from reid.model import ReIDModel
from reid.protocol import Evaluation
from reid.ranking import Labels, Ranking, nearest
from reid.types import Output


class Match(NamedTuple):
    """A tracklet of the gallery at its place in a ranking."""

    tracklet: int
    """Its index in the evaluation."""
    distance: float
    right: bool
    """Whether it is the person asked for."""


class Gallery:
    """The test side of a benchmark, embedded.

    Args:
        model: in eval mode, on its device.
        side: the test side, with frames of the model's size.
        reporter: is told how far the embedding is.
        batch_size: clips in a forward pass.

    Attributes:
        embeddings: [N,D] of the test tracklets, the mean over the clips of each.
        ranking: of all queries.
    """

    def __init__(self, model: ReIDModel, side: HeldOut, reporter: Reporter, batch_size: int = 16) -> None:
        self.model = model
        self.side = side
        metric = ReIDMetric.of(side.evaluation, model.backbone.width, model.distance)
        reporter.say(f"embedding {len(side.clips)} clips of {side.evaluation.benchmark}")
        for start in range(0, len(side.clips), batch_size):
            items = range(start, min(start + batch_size, len(side.clips)))
            clips = [side.clips[item] for item in items]
            output = self._ask(torch.stack([clip.pixels for clip in clips]))
            tracklet, part = (torch.stack([clip[place] for clip in clips]) for place in (3, 4))
            metric.update(output.embedding.cpu(), tracklet, part)
            reporter.count(items[-1] + 1, len(side.clips))
        self.embeddings = metric.embeddings()
        self.ranking: Ranking = metric.compute()

    @property
    def evaluation(self) -> Evaluation:
        """Who is asked for and who is ranked."""
        return self.side.evaluation

    @property
    def facts(self) -> Facts:
        """What was embedded, and how it is ranked."""
        evaluation = self.evaluation
        return {
            "benchmark": evaluation.benchmark,
            "protocol": evaluation.protocol,
            "sampling": evaluation.sampling,
            "distance": self.model.distance,
            "queries": len(evaluation.query),
            "gallery": len(evaluation.gallery),
            "mAP": self.ranking.mean_average_precision,
            "CMC-1": self.ranking.cmc(1),
        }

    def subject(self, tracklet: int) -> Subject:
        """Read the clip that stands for a tracklet; it is compared by the embedding of the whole tracklet."""
        pixels = self.side.clips[self.side.clip(tracklet)].pixels[None].to(self.model.identities.device)
        frames = np.ascontiguousarray(rearrange(pixels[0], "c t h w -> t h w c").cpu().numpy())
        name = self.evaluation.tracklets[tracklet].name
        own = self.embeddings[tracklet].to(pixels.device)
        return Subject(name, frames, self.model.preprocess(pixels), self._ask(pixels[0][None]), own)

    def matches(self, tracklet: int) -> list[Match]:
        """Rank the gallery for a test tracklet, nearest first; its own person under its own camera does not count."""
        labels, gallery = _labels(self.evaluation), list(self.evaluation.gallery)
        own = slice(tracklet, tracklet + 1)
        query, others = self.embeddings[own], self.embeddings[gallery]
        mine, theirs = Labels(*(part[own] for part in labels)), Labels(*(part[gallery] for part in labels))
        order = nearest(query, others, mine, theirs, len(gallery), self.model.distance)[0]
        places = [gallery[place] for place in order[order >= 0].tolist()]
        distances = Distances(query, self.embeddings[places], self.model.distance)[0:1][0].tolist()
        person = self.evaluation.tracklets[tracklet].person
        return [
            Match(place, distance, self.evaluation.tracklets[place].person == person)
            for place, distance in zip(places, distances, strict=True)
        ]

    def mistakes(self, count: int) -> list[int]:
        """Find the queries that are ranked worst, by average precision, among those whose first match is wrong."""
        precision, first = self.ranking.average_precision, self.ranking.first_rank
        wrong = [place for place in range(len(first)) if first[place] > 0]
        worst = sorted(wrong, key=lambda place: float(precision[place]))[:count]
        return [self.evaluation.query[place] for place in worst]

    @torch.no_grad()
    def _ask(self, pixels: Tensor) -> Output:
        """What the model answers for clips [B,3,T,H,W] uint8."""
        output: Output = self.model(self.model.preprocess(pixels.to(self.model.identities.device)))
        return output


def held_out(bench: Workbench[ReIDModel], config: Path, root: Path | None, frames: int | None) -> HeldOut:
    """Open the test side of a benchmark, and make sure that the model can be explained on it as was asked.

    Args:
        bench: the model, and how it is explained.
        config: see `explain.command.benchmark.open_benchmark`.
        root: see there.
        frames: see there.

    Raises:
        InputError: see there; or the backbone has no such layer.
    """
    side = open_benchmark(config, root, frames, bench.model.preprocess.size)
    clip = side.clips[0].pixels[None].to(bench.device)
    require_layers(bench.model, bench.model.preprocess(clip), bench.tools.settings.layers)
    return side


def _labels(evaluation: Evaluation) -> Labels:
    """Persons and cameras of the test tracklets."""
    person = torch.tensor([tracklet.person for tracklet in evaluation.tracklets])
    return Labels(person, torch.tensor([tracklet.camera for tracklet in evaluation.tracklets]))
