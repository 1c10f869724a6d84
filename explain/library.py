"""Why, as one call: a model, a clip, a method; maps and frames come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor

from explain.command.flags import methods_of
from explain.command.inquiry import Subject, about_pair
from explain.command.loaded import AnyModel, Loaded
from explain.command.of_class import ClassAsked, about_class
from explain.command.publish import Keep, publish
from explain.command.workbench import Tools, Workbench
from explain.report.content import Question
from explain.sinks.folder import Facts
from reid.classifier import VideoClassifier
from reid.errors import InputError
from reid.library.embedder import Embedder
from reid.library.sources import Source, name_of, open_source
from reid.types import Output
from reid.video import even_indices, sample_evenly

_FRAMES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What a method says of one score.

    Attributes:
        question: the score in words, its value, and each clip with its maps.
        facts: what the maps depend on.
    """

    question: Question
    facts: Facts

    @property
    def frames(self) -> NDArray[np.uint8]:
        """[T,H,W,3] RGB, what was explained."""
        return self.question.panels[0].frames

    @property
    def raw(self) -> Tensor:
        """[t,h,w] signed map of the first method, float32, at the method's own grid, on the CPU."""
        return self.question.panels[0].maps[0].raw

    @property
    def maps(self) -> Mapping[str, tuple[Tensor, ...]]:
        """By method a map [t,h,w] of each clip: of the one that was asked about, then of `against`."""
        sides = [{heatmap.method: heatmap.raw for heatmap in panel.maps} for panel in self.question.panels]
        return {method: tuple(side[method] for side in sides) for method in sides[0]}

    @property
    def score(self) -> float:
        """The value that is explained."""
        return self.question.score

    def save(self, folder: str | Path, overwrite: bool = False) -> Path:
        """Write what `explain.py` writes: `report.html`, overlays, raw maps, a video, `summary.json`. Returns the path.

        Args:
            folder: appears when it is whole.
            overwrite: whether an earlier explanation may be replaced.

        Raises:
            InputError: it exists, or cannot be written.
        """
        publish(Keep(Path(folder), overwrite=overwrite), self.question.title, [self.question], self.facts)
        return Path(folder)


def explain(
    model: Embedder | AnyModel,
    source: Source,
    method: str = "gradcam",
    target: int | str | None = None,
    against: Source | None = None,
    frames: int | None = None,
) -> Explanation:
    """Explain why a clip is taken for a class, or why two tracklets are alike.

    The clip is sampled evenly; the model is left as it was.

    Args:
        model: of `reid.load_model`, or a bare ReIDModel or VideoClassifier, in eval mode.
        source: a video file, a folder of frames (or the common start of their paths), or an array [T,H,W,3] uint8 RGB.
        method: one of `explain.command.names.METHODS`, or several with commas.
        target: the class 0..K-1, or its name; None is the predicted class.
        against: another tracklet: the similarity to it is explained instead, on both.
        frames: T; None is as many as the model's clips have, 16 of a bare model.

    Raises:
        InputError: a source is damaged, there is no such method or class, or this score cannot be explained so.

    >>> from reid.backbones import SmallResNet
    >>> from reid.model import ReIDModel
    >>> _ = torch.manual_seed(0)
    >>> model = ReIDModel(SmallResNet(widths=[4], strides=[2], size=(16, 8)), num_identities=3).eval()
    >>> walk, other = np.random.default_rng(0).integers(0, 255, (2, 20, 32, 16, 3), dtype=np.uint8)
    >>> why = explain(model, walk, "gradcam", target=1, frames=4)
    >>> why.raw.shape, why.frames.shape, why.question.title
    (torch.Size([4, 8, 4]), (4, 32, 16, 3), 'why class 1')
    >>> [tuple(raw.shape) for raw in explain(model, walk, "hirescam", against=other, frames=4).maps["hirescam"]]
    [(4, 8, 4), (4, 8, 4)]
    """
    if target is not None and against is not None:
        raise InputError("target names a class, against another tracklet: give one of them")
    loaded = _loaded(model, frames)
    subject = _subject(loaded, source)
    if against is None:
        label, number = (target, None) if isinstance(target, str) else (None, target)
        inquiry = about_class(loaded, subject, ClassAsked(number, label))
    elif loaded.distance is None:
        raise InputError("against: this model was not made to compare clips; ask about a class")
    else:
        inquiry = about_pair(subject, _subject(loaded, against), loaded.distance)
    device = str(loaded.model.classifier.weight.device)
    bench = Workbench(Tools(_Given(loaded), device, methods=methods_of(method)), _Silent())
    return Explanation(bench.answer(inquiry), {**bench.facts, "source": str(name_of(source, 0))})


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """A model that is there already."""

    loaded: Loaded[AnyModel]
    name: str = "the model"

    def load(self, device: torch.device) -> Loaded[AnyModel]:
        del device
        return self.loaded


class _Silent:
    """Tells nobody how far the work is."""

    def say(self, doing: str) -> None:
        """Nothing."""

    def count(self, done: int, total: int) -> None:
        """Nothing."""


def _loaded(model: Embedder | AnyModel, frames: int | None) -> Loaded[AnyModel]:
    """What is known of a model."""
    network = model.network if isinstance(model, Embedder) else model
    facts: dict[str, str] = {"backbone": type(network.backbone).__name__}
    if isinstance(model, Embedder):
        facts |= {"checkpoint": model.origin, "model_sha256": model.sha256}
        frames = frames or model.sampling.frames
    if isinstance(network, VideoClassifier):
        return Loaded(network, facts, network.labels, frames=frames or _FRAMES)
    people = network.identities.tolist() if network.has_classes else []
    classes = tuple(f"person {person}" if person >= 0 else "" for person in people)
    return Loaded(network, facts, classes, network.distance, frames or _FRAMES)


def _subject(loaded: Loaded[AnyModel], source: Source) -> Subject:
    """Sample a clip evenly, and ask the model about it."""
    if isinstance(source, np.ndarray):
        shown = source[list(even_indices(open_source(source).frames, loaded.frames))]
    else:
        shown = sample_evenly(Path(source), loaded.frames).frames
    clip = torch.from_numpy(np.ascontiguousarray(shown)).to(loaded.model.classifier.weight.device)
    pixels = loaded.model.preprocess(rearrange(clip, "t h w c -> 1 c t h w"))
    with torch.no_grad():
        output: Output = loaded.model(pixels)
    return Subject(name_of(source, 0), shown, pixels, output, output.embedding[0].float())
