"""All that is measured of one method on the queries of a benchmark."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric

from explain.command.gallery import Gallery
from explain.command.inquiry import Side
from explain.command.known import Known
from explain.command.workbench import require_finite_map
from explain.core import Explainer
from explain.metrics.concentration import Concentration
from explain.metrics.deletion import InsertionDeletion
from explain.metrics.drop import AverageDrop
from explain.metrics.embed_deleted import embed_deleted
from explain.metrics.localisation import EnergyPointing, PointingGame
from explain.metrics.order import Unit
from explain.metrics.randomisation import randomisation
from explain.metrics.retrieval import RetrievalDeletion
from explain.metrics.road import ROAD
from explain.metrics.stability import Infidelity, MaxSensitivity
from explain.metrics.temporal import Flicker

ITEM = 2
"""What a mask calls the part of the person that tells it from its look-alikes."""


class Case(NamedTuple):
    """A query that every method explains."""

    tracklet: int
    """Its index in the evaluation."""
    side: Side
    """Its clip, and the score that is explained."""
    masks: Tensor | None
    """[T,H,W] what its pixels show, where that is known."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """How every map is judged.

    Attributes:
        unit: what deletion and insertion change at once.
        noises: under how many of them the stability is measured, beside ROAD and what is left of the maps in a network
            of random weights; 0 measures none of the three.
    """

    unit: Unit = "voxels"
    noises: int = 0


class Jury:
    """Measures the maps of one method; every method hears the same queries.

    Args:
        gallery: who is ranked.
        explainer: the method.
        hearing: how its maps are judged.

    Attributes:
        maps: [1,t,h,w] of each query.
        seconds: that these took.
    """

    def __init__(self, gallery: Gallery, explainer: Explainer, hearing: Hearing) -> None:
        evaluation, device = gallery.evaluation, gallery.model.identities.device
        ranked = list(evaluation.gallery)
        people = [evaluation.tracklets[place] for place in ranked]
        self.gallery = gallery
        self.explainer = explainer
        self.hearing = hearing
        self.maps: list[Tensor] = []
        self.seconds = 0.0
        self._deletion = InsertionDeletion(unit=hearing.unit, steps=10).to(device)
        self._retrieval = RetrievalDeletion(
            gallery.embeddings[ranked],
            [tracklet.person for tracklet in people],
            [tracklet.camera for tracklet in people],
            distance=gallery.model.distance,
        )
        self._of_score: list[Metric] = [self._deletion, AverageDrop().to(device)]
        self._of_map: list[Metric] = [Flicker(), Concentration()]
        self._of_person: dict[str, list[Metric]] = {
            "person": [EnergyPointing(), PointingGame()],
            "item": [EnergyPointing()],
        }
        self._of_method: list[Metric] = []
        self._random: list[Tensor] = []
        if hearing.noises:
            self._of_score.append(ROAD(percentiles=(20, 40, 60, 80)).to(device))
            self._of_method = [MaxSensitivity(hearing.noises).to(device), Infidelity().to(device)]

    def hear(self, case: Case, say: Callable[[str], None]) -> None:
        """Explain one query, and measure its map.

        Args:
            case: the query.
            say: is told what is being done.

        Raises:
            InputError: the method cannot explain this model, or its map is not finite.
        """
        model, pixels, target = self.gallery.model, case.side.subject.pixels, case.side.target
        say("its map")
        started = time.perf_counter()
        raw = self.explainer(model, pixels, target)
        self.seconds += time.perf_counter() - started
        require_finite_map(type(self.explainer).__name__, raw)
        self.maps.append(raw.cpu())
        say("taken apart")
        for metric in self._of_score:
            metric.update(model, pixels, raw, target)
        own = self.gallery.evaluation.tracklets[case.tracklet]
        embedded = embed_deleted(model, pixels, raw, self._retrieval.shares, self.hearing.unit).cpu()
        self._retrieval.update(embedded, torch.tensor([own.person]), torch.tensor([own.camera]))
        self._judge_map(self.maps[-1], case.masks)
        if self.hearing.noises:
            self._judge_method(case.side, raw, say)

    def _judge_map(self, raw: Tensor, masks: Tensor | None) -> None:
        """What is seen from the map alone, and from what its pixels show."""
        for metric in self._of_map:
            metric.update(raw)
        if masks is not None:
            for name, where in (("person", masks > 0), ("item", masks == ITEM)):
                for metric in self._of_person[name]:
                    metric.update(raw, where[None])

    def _judge_method(self, side: Side, raw: Tensor, say: Callable[[str], None]) -> None:
        """What takes many maps."""
        model, pixels, target = self.gallery.model, side.subject.pixels, side.target
        explainer = Known(self.explainer, model, pixels, raw)
        say("under noise")
        for metric in self._of_method:
            metric.update(model, pixels, explainer, target)
        say("with random weights")
        last = randomisation(model, pixels, explainer, target, every=False)[-1]
        self._random.append(last.absolute.cpu())

    def scores(self) -> dict[str, float]:
        """All figures by name; those that were not measured are missing."""
        found: dict[str, Tensor] = {}
        for metric in (*self._of_score, self._retrieval, *self._of_map, *self._of_method):
            found |= metric.compute()
        for name, metrics in self._of_person.items():
            for metric in metrics:
                if metric.update_called:
                    found |= {f"{key}_{name}": value for key, value in metric.compute().items()}
        if self._random:
            found["random_weights"] = torch.cat(self._random).mean()
        numbers = {name: float(value) for name, value in found.items() if not value.isnan()}
        return {**numbers, "seconds": self.seconds / max(len(self.maps), 1)}

    def curves(self) -> dict[str, list[float]]:
        """What the plot shows: the score while a query is taken apart, and the AP of its true match."""
        deletion = {name: values.tolist() for name, values in self._deletion.curves().items()}
        found = self._retrieval.compute()
        shares = self._retrieval.shares
        return {**deletion, "deleted": list(shares), "ap": [float(found[f"ap_{100 * share:g}"]) for share in shares]}
