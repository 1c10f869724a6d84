"""A training step of ResNet50-TA at its usual size, 8 x 4 frames of 256x128: kernels in `channels_last`, and bfloat16.

    pytest benchmarks/test_training_step.py -s

Against the plain loop in float32, in turns, on one thread. bfloat16 is measured where the processor has instructions
for it (`avx512_bf16` or `amx_bf16`); without them it is slower by far.
"""

import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from statistics import median

import pytest
import torch
from torch import nn

from reid.backbones import ResNetTA
from reid.losses import IdentityLoss, TripletLoss
from reid.model import ReIDModel, put_channels_last

CPU = Path("/proc/cpuinfo")
HALF = CPU.exists() and any(flag in CPU.read_text() for flag in ("avx512_bf16", "amx_bf16"))
CLIPS, FRAMES, IDENTITIES, TURNS = 8, 4, 625, 3


class Training:
    """A network and its optimizer."""

    def __init__(self, channels_last: bool, half: bool) -> None:
        torch.manual_seed(0)
        self.model = ReIDModel(ResNetTA(50, (256, 128)), IDENTITIES).train()
        if channels_last:
            put_channels_last(self.model)
        self.losses = nn.ModuleList([IdentityLoss(), TripletLoss()])
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4)
        self.half = half

    def step(self) -> float:
        """Train on a batch; returns its loss."""
        draw = torch.Generator().manual_seed(0)
        pixels = torch.randn(CLIPS, 3, FRAMES, 256, 128, generator=draw)
        person = torch.arange(CLIPS) // 2
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16) if self.half else nullcontext():
            output = self.model(pixels)
        loss = torch.stack([term(output, person) for term in self.losses]).sum()
        torch.autograd.backward(loss)
        self.optimizer.step()
        return loss.item()


def turns(trainings: Mapping[str, Training]) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Seconds of a step (median of the processor time), and the losses."""
    seconds: dict[str, list[float]] = {name: [] for name in trainings}
    losses: dict[str, list[float]] = {name: [] for name in trainings}
    for _ in range(TURNS + 1):
        for name, training in trainings.items():
            started = time.process_time()
            losses[name].append(training.step())
            seconds[name].append(time.process_time() - started)
    return {name: median(found[1:]) for name, found in seconds.items()}, losses


def test_a_step_against_the_plain_loop() -> None:
    torch.set_num_threads(1)
    trainings = {"plain": Training(channels_last=False, half=False), "channels_last": Training(True, half=False)}
    if HALF:
        trainings["channels_last, bfloat16"] = Training(True, half=True)
    seconds, losses = turns(trainings)
    print("\nResNet50-TA, a training step of 8 x 4 x 256 x 128")
    for name, found in seconds.items():
        trace = ", ".join(f"{loss:.3f}" for loss in losses[name])
        print(f"{name:>24}: {found:.2f} s, ratio {seconds['plain'] / found:.2f}; losses {trace}")
    if not HALF:
        print("bfloat16: not measured, this processor has no instructions for it")
    assert losses["channels_last"] == pytest.approx(losses["plain"], rel=0.02)
