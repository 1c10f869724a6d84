"""ReID models from checkpoints."""

from dataclasses import dataclass
from pathlib import Path

import torch

from explain.command.loaded import Loaded
from reid.checkpoint import describes_itself, load_model
from reid.model import ReIDModel
from reid.results import file_hash


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint of `train.py`, or weights of another project.

    Attributes:
        path: see `reid.checkpoint.load_model`.
        config: see there.
        names_benchmark: the config is given for its data; a checkpoint that describes its own model knows that better.
    """

    path: Path
    config: Path | None = None
    names_benchmark: bool = False

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def load(self, device: torch.device) -> Loaded[ReIDModel]:
        """Load the model; its classes are the people that it was trained on.

        Raises:
            InputError: see `reid.checkpoint.load_model`.
        """
        config = None if self.names_benchmark and describes_itself(self.path) else self.config
        model = load_model(self.path, config, device)
        people = model.identities.tolist() if model.has_classes else []
        return Loaded(
            model,
            {
                "checkpoint": str(self.path),
                "checkpoint_sha256": file_hash(self.path),
                "backbone": type(model.backbone).__name__,
            },
            classes=tuple(f"person {person}" if person >= 0 else "" for person in people),
            distance=model.distance,
        )
