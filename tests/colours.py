"""A benchmark of six clips that live in memory: each person is a colour."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader
from typing_extensions import override

from datasets.batches import EvaluationShare
from reid.protocol import Evaluation
from reid.types import Clip, Tracklet

PERSONS, CAMERAS, FRAMES = 3, 2, 2


class Colours(LightningDataModule):
    """Each person is a colour; two tracklets per person, one per camera, the second a little darker."""

    identities: Sequence[int] = (7, 8, 9)

    def __init__(self) -> None:
        super().__init__()
        tracklets = [
            Tracklet(Path("x"), (f"{person}{camera}.jpg",), person, camera, f"{person}C{camera}")
            for camera in range(CAMERAS)
            for person in self.identities
        ]
        expected = {"queries_valid": 3}
        self.evaluation = Evaluation("Colours", "toy", tracklets, [0, 1, 2], [3, 4, 5], [1] * 6, expected)

    def clip(self, index: int, person: int) -> Clip:
        tracklet = self.evaluation.tracklets[index]
        colour = torch.zeros(3)
        colour[tracklet.person - 7] = 200 - 60 * tracklet.camera
        pixels = colour.view(3, 1, 1, 1).expand(3, FRAMES, 32, 16).to(torch.uint8)
        number = torch.tensor
        erased = torch.zeros(FRAMES, dtype=torch.bool)
        return Clip(
            pixels, number(person), number(tracklet.camera), number(index), number(0), erased, number(index % 2)
        )

    @override
    def train_dataloader(self) -> DataLoader[Clip]:
        clips = [self.clip(index, index % PERSONS) for index in range(6)]
        return DataLoader(clips, batch_size=6, num_workers=0)  # type: ignore[arg-type]

    @override
    def val_dataloader(self) -> DataLoader[Clip]:
        clips = [self.clip(index, self.evaluation.tracklets[index].person) for index in range(6)]
        trainer: Any = self.trainer
        share = EvaluationShare(len(clips), trainer.global_rank, trainer.world_size)
        return DataLoader(clips, batch_size=4, sampler=share, num_workers=0)  # type: ignore[arg-type]

    test_dataloader = val_dataloader
