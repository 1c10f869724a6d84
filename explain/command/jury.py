"""All that is measured of one method on the same clips."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torchmetrics import Metric

from explain.command.chase import Chase
from explain.command.docket import Case
from explain.command.ground import Ground
from explain.command.inquiry import Side
from explain.command.known import Known
from explain.command.loaded import AnyModel
from explain.command.workbench import require_finite_map
from explain.core import Explainer
from explain.metrics.baseline import Baseline, Blur, mean_colour
from explain.metrics.concentration import Concentration
from explain.metrics.deletion import InsertionDeletion
from explain.metrics.drop import AverageDrop
from explain.metrics.localisation import EnergyPointing, PointingGame
from explain.metrics.order import Unit
from explain.metrics.randomisation import randomisation
from explain.metrics.road import ROAD
from explain.metrics.stability import Infidelity, MaxSensitivity
from explain.metrics.temporal import Flicker

Blank = Literal["mean", "blur"]
"""What stands where deletion took something away: the mean colour, or the clip out of focus, which shows the network no
edges that no camera makes."""

BLANKS: Mapping[Blank, Baseline] = {"mean": mean_colour, "blur": Blur()}

ITEM = 2
"""What a mask calls the part of the person that tells it from its look-alikes."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """How every map is judged.

    Attributes:
        unit: what deletion and insertion change at once.
        noises: under how many of them the stability is measured, beside ROAD and what is left of the maps in a network
            of random weights; 0 measures none of the three.
        blank: what stands where something was taken away.
    """

    unit: Unit = "voxels"
    noises: int = 0
    blank: Blank = "mean"


class Jury:
    """Measures the maps of one method; every method hears the same clips.

    Args:
        model: what is explained.
        explainer: the method.
        hearing: how its maps are judged.
        chase: measures them by the ranking of their clips, where there is one.
        ground: knows the foreground, where that was chosen.

    Attributes:
        maps: [1,t,h,w] of each clip.
        seconds: that these took.
    """

    def __init__(
        self,
        model: AnyModel,
        explainer: Explainer,
        hearing: Hearing,
        chase: Chase | None = None,
        ground: Ground | None = None,
    ) -> None:
        device = model.classifier.weight.device
        self.model = model
        self.explainer = explainer
        self.hearing = hearing
        self.maps: list[Tensor] = []
        self.seconds = 0.0
        self._chase = chase
        self._ground = ground
        self._behind: list[float] = []
        self._deletion = InsertionDeletion(hearing.unit, steps=10, baseline=BLANKS[hearing.blank]).to(device)
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
        """Explain one clip, and measure its map.

        Args:
            case: the clip.
            say: is told what is being done.

        Raises:
            InputError: the method cannot explain this model, or its map is not finite.
        """
        pixels = case.side.subject.pixels
        say("its map")
        started = time.perf_counter()
        raw = self.explainer(self.model, pixels, case.side.target)
        self.seconds += time.perf_counter() - started
        require_finite_map(type(self.explainer).__name__, raw)
        self.maps.append(raw.cpu())
        say("taken apart")
        for metric in self._of_score:
            metric.update(self.model, pixels, raw, case.watched)
        if self._chase is not None:
            self._chase.update(case.tracklet, pixels, raw)
        self._judge_map(self.maps[-1], case.masks)
        if self._ground is not None:
            self._behind.append(self._ground.behind(self.model, pixels)(raw[0])["background_energy"])
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
        model, pixels, target = self.model, side.subject.pixels, side.target
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
        for metric in (*self._of_score, *self._of_map, *self._of_method):
            found |= metric.compute()
        if self._chase is not None:
            found |= self._chase.scores()
        for name, metrics in self._of_person.items():
            for metric in metrics:
                if metric.update_called:
                    found |= {f"{key}_{name}": value for key, value in metric.compute().items()}
        if self._behind:
            found["background_energy"] = torch.tensor(self._behind).nanmean()
        if self._random:
            found["random_weights"] = torch.cat(self._random).mean()
        numbers = {name: float(value) for name, value in found.items() if not value.isnan()}
        return {**numbers, "seconds": self.seconds / max(len(self.maps), 1)}

    def curves(self) -> dict[str, list[float]]:
        """What the plot shows: the score while a clip is taken apart, and the AP of a query's true match."""
        deletion = {name: values.tolist() for name, values in self._deletion.curves().items()}
        return {**deletion, **(self._chase.curves() if self._chase else {})}
