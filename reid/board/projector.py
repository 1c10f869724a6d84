"""The gallery as points in a space, in TensorBoard's projector and elsewhere."""

from pathlib import Path
from typing import Final

import numpy as np
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from reid.board.base import Points
from reid.board.of_trainer import boards_of
from reid.board.points import reduce, spread, thumbnail
from reid.board.surviving import surviving
from reid.errors import InputError
from reid.evaluated import EvaluatedModule

COLUMNS: Final = ("person", "camera", "tracklet")
_WIDEST: Final = 8192


class EmbeddingProjector(Callback):
    """Shows the embeddings of the gallery, after `validate` and `test`, and those of the last evaluation of a `fit`.

    Each point has its person, camera and name, and the middle frame of its tracklet. Where distances are cosine,
    vectors are scaled to length 1 first, so that near is what the ranking calls near. A failure is one warning. In
    distributed training the first process does it alone.

    Args:
        points: how many at most, spread evenly over the persons; a browser draws some thousands.
        dimensions: wider embeddings are turned to their principal axes, and the first of these are kept.
        thumbnail: side of the square pictures, pixels; TensorBoard takes 8192 pixels for a whole row of them.

    Raises:
        InputError: a number is too small, or the pictures are too large.
    """

    def __init__(self, points: int = 2000, dimensions: int = 64, thumbnail: int = 64) -> None:
        if min(points, dimensions - 1, thumbnail) < 1:
            raise InputError(
                f"EmbeddingProjector: points {points} and thumbnail {thumbnail} must be 1 or more, "
                f"dimensions {dimensions} 2 or more"
            )
        if np.ceil(np.sqrt(points)) * thumbnail > _WIDEST:
            raise InputError(
                f"EmbeddingProjector: {points} thumbnails of {thumbnail} pixels are a square of more than {_WIDEST}, "
                "which browsers do not draw: take fewer or smaller ones"
            )
        self.points = points
        self.dimensions = dimensions
        self.thumbnail = thumbnail

    @override
    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        folder = Path(trainer.log_dir or trainer.default_root_dir)  # on every process: Lightning broadcasts it
        if not isinstance(pl_module, EvaluatedModule) or pl_module.embeddings is None:
            return
        boards = boards_of(trainer, folder)
        if not boards:
            return
        with surviving("the projector"):
            shown = self._points(pl_module, pl_module.embeddings)
            for board in boards:
                with surviving("the projector"):
                    board.embeddings("gallery", shown, trainer.global_step)

    on_fit_end = on_test_end

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn == "validate":
            self.on_test_end(trainer, pl_module)

    def _points(self, module: EvaluatedModule, embeddings: Tensor) -> Points:
        """Choose among the gallery, and draw."""
        gallery = list(module.evaluation.gallery)
        persons = [module.evaluation.tracklets[index].person for index in gallery]
        chosen = [gallery[place] for place in spread(persons, self.points)]
        vectors = embeddings[chosen].float().cpu()
        if module.model.distance == "cosine":
            vectors = F.normalize(vectors)
        tracklets = [module.evaluation.tracklets[index] for index in chosen]
        return Points(
            reduce(vectors, self.dimensions),
            COLUMNS,
            [(tracklet.person, tracklet.camera, tracklet.name) for tracklet in tracklets],
            np.stack([thumbnail(tracklet, self.thumbnail) for tracklet in tracklets]),
        )
