"""Clips of a folder, for methods to be judged on."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from explain.command.docket import Case, Docket, spread
from explain.command.inquiry import Side
from explain.command.layers import require_layers
from explain.command.likeliest import called
from explain.command.samples import find_samples
from explain.command.workbench import Workbench
from explain.targets import ClassLogit, ClassProbability
from reid.classifier import VideoClassifier


@dataclass(frozen=True, slots=True)
class Videos:
    """Which clips.

    Attributes:
        folder: see `explain.command.samples`.
        frames: T, sampled evenly; None is what the model is used to.
        count: how many of them, spread evenly.
    """

    folder: Path
    frames: int | None = None
    count: int = 20

    def open(self, bench: Workbench[VideoClassifier]) -> Docket:
        """Find them; asked is why each is taken for what it is taken for.

        Explained is the logit of the predicted class, watched its probability: what the model says.

        Raises:
            InputError: there are no clips.
        """
        samples = spread(find_samples(self.folder, called(bench.loaded.classes)), self.count)
        cases = [partial(_case, bench, sample.source, self.frames) for sample in samples]
        return Docket("clips", cases, {"videos_dir": str(self.folder)})


def _case(bench: Workbench[VideoClassifier], source: Path, frames: int | None) -> Case:
    """Read a clip."""
    subject = bench.read(source, frames)
    require_layers(bench.model, subject.pixels, bench.tools.settings.layers)
    predicted = int(subject.output.logits.argmax())
    return Case(Side("clip", subject, ClassLogit(predicted)), ClassProbability(predicted))
