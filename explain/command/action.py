"""Published action models."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from explain.command.loaded import Loaded
from explain.sinks.folder import Facts
from reid.classifier import CLIP_LENGTHS, Architecture, VideoClassifier, load_classifier, read_labels
from reid.imports.tsm import Head
from reid.results import file_hash

TOLD: Final = 5
"""How many of the likeliest classes are told."""

_CROP: Final = 7 / 8
"""Side of the square that published networks were tested on, as a share of a frame's shorter side: 224 of 256 pixels,
112 of 128."""


@dataclass(frozen=True, slots=True)
class ActionModel:
    """A network for actions and its weights.

    Attributes:
        architecture: see `reid.classifier.load_classifier`.
        weights: see there.
        labels: names of the classes, see `reid.classifier.read_labels`.
        head: which one, of weights that hold two.
    """

    architecture: Architecture
    weights: Path | None = None
    labels: Path | None = None
    head: Head | None = None

    @property
    def name(self) -> str:
        """The name of the network."""
        return self.architecture

    def load(self, device: torch.device) -> Loaded[VideoClassifier]:
        """Load the model.

        Raises:
            InputError: see `reid.classifier.load_classifier` and `reid.classifier.read_labels`.
        """
        names = None if self.labels is None else read_labels(self.labels)
        model = load_classifier(self.architecture, self.weights, names, self.head).to(device)
        return Loaded(
            model,
            self._facts(model),
            classes=tuple("" if name == str(number) else name for number, name in enumerate(model.labels)),
            frames=CLIP_LENGTHS[self.architecture],
            view=partial(central_square, size=model.preprocess.size),
            told=TOLD,
        )

    def _facts(self, model: VideoClassifier) -> Facts:
        weights: Facts = {"weights": "torchvision, Kinetics-400"}
        if self.weights is not None:
            weights = {"weights": str(self.weights), "weights_sha256": file_hash(self.weights)}
        head: Facts = {"head": self.head} if self.head else {}
        return {"model": self.architecture, **weights, **head, "backbone": type(model.backbone).__name__}


def central_square(frames: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Cut out what published networks were tested on: the square in the middle, 7/8 as wide as the shorter side.

    Args:
        frames: [T,H,W,3].
        size: what the network takes; frames of this size are cut already.

    >>> central_square(np.zeros((2, 256, 344, 3), np.uint8), (224, 224)).shape
    (2, 224, 224, 3)
    >>> central_square(np.zeros((2, 112, 112, 3), np.uint8), (112, 112)).shape
    (2, 112, 112, 3)
    """
    height, width = frames.shape[1:3]
    if (height, width) == tuple(size):
        return frames
    side = max(1, round(_CROP * min(height, width)))
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(frames[:, top : top + side, left : left + side])
