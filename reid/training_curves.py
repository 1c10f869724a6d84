"""What a training logged, as one picture in the folder of the run."""

import io
import math
from pathlib import Path
from typing import Any, Final

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from typing_extensions import override

from reid.writing import write_whole

FILE: Final = "curves.png"
_WIDTH, _HEIGHT = 4, 3
_ACROSS: Final = 3
_LEFT_OUT: Final = ("epoch", "step", "clips_per_second")


class TrainingCurves(Callback):
    """Draws every logged metric over the epochs into `curves.png`, at the end of the training.

    The points are kept in checkpoints, so that the picture of a run that was resumed begins at its beginning.

    Attributes:
        points: metric -> [epoch, value] pairs, epochs from 1.
    """

    def __init__(self) -> None:
        self.points: dict[str, list[list[float]]] = {}
        self._drawn: dict[str, Tensor] = {}

    @override
    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        epoch = trainer.current_epoch + 1.0
        for name, value in trainer.callback_metrics.items():
            if value is self._drawn.get(name):
                continue  # the tensor of an earlier evaluation, which stays until the next one
            self._drawn[name] = value
            known = self.points.setdefault(name, [])
            if known and known[-1][0] == epoch:
                known.pop()
            known.append([epoch, float(value)])

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.sanity_checking:  # a checkpoint that is written now holds this epoch
            self.on_train_epoch_end(trainer, pl_module)

    @override
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        folder = trainer.log_dir  # on every process: Lightning broadcasts it
        if trainer.is_global_zero and self.points and folder:
            write_whole(Path(folder) / FILE, draw(self.points))

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"points": self.points}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        points = state_dict.get("points")
        if isinstance(points, dict) and all(_are_points(own) for own in points.values()):
            self.points = points


def _are_points(own: object) -> bool:
    """Whether this is a list of pairs of numbers, as a checkpoint should hold."""
    return isinstance(own, list) and all(
        isinstance(point, list) and len(point) == 2 and all(isinstance(number, float) for number in point)  # noqa: PLR2004
        for point in own
    )


def draw(points: dict[str, list[list[float]]]) -> bytes:
    """A PNG with one diagram for each metric that has a finite value.

    >>> draw({"loss": [[1.0, 2.0], [2.0, 1.5]]})[1:4]
    b'PNG'
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # late: the import takes a second
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    shown = {name: own for name, own in sorted(points.items()) if name not in _LEFT_OUT and _drawable(own)}
    last = max((epoch for own in shown.values() for epoch, _ in own), default=1.0)
    across = min(_ACROSS, max(len(shown), 1))
    down = max(1, math.ceil(len(shown) / across))
    figure = Figure(figsize=(_WIDTH * across, _HEIGHT * down), layout="constrained")
    FigureCanvasAgg(figure)
    for place, (name, own) in enumerate(shown.items(), 1):
        axes = figure.add_subplot(down, across, place)
        axes.plot([epoch for epoch, _ in own], [value for _, value in own], marker=".")
        axes.set(title=name, xlabel="epoch", xlim=(0.5, last + 0.5))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    return picture.getvalue()


def _drawable(own: list[list[float]]) -> bool:
    return any(math.isfinite(value) for _, value in own)
