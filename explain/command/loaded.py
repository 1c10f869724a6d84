"""A model with what the command line has to know of it, and where it comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from explain.sinks.folder import Facts
from reid.classifier import VideoClassifier
from reid.distances import Distance
from reid.model import ReIDModel

AnyModel = ReIDModel | VideoClassifier
"""What `explain.py` explains."""

ModelT_co = TypeVar("ModelT_co", bound=AnyModel, covariant=True)

View = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""What a model is shown of frames [T,H,W,3] RGB, as [T,h,w,3]."""


def whole(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Show all of the frames, whatever their shape: a person's box is narrow already."""
    return frames


@dataclass(frozen=True, slots=True, eq=False)
class Loaded(Generic[ModelT_co]):
    """A model, in eval mode and on its device.

    Attributes:
        model: the network.
        facts: what it is and where it comes from.
        classes: what each class is; "" where nobody knows. Empty if the weights hold no classifier.
        distance: how it compares clips; None if it was not made for that.
        frames: T of a clip, unless another one is asked for.
        view: what it is shown of a frame.
        told: how many of the likeliest classes of a clip are told.
    """

    model: ModelT_co
    facts: Facts
    classes: tuple[str, ...] = ()
    distance: Distance | None = None
    frames: int = 16
    view: View = whole
    told: int = 0


class Origin(Protocol[ModelT_co]):
    """Where a model comes from."""

    @property
    def name(self) -> str:
        """What is being loaded, for those who wait."""

    def load(self, device: torch.device) -> Loaded[ModelT_co]:
        """Load it.

        Raises:
            InputError: its files cannot be read, or do not fit.
        """
