"""Flicker against a slow definition and hand numbers."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from explain.metrics.temporal import Flicker, flicker


def maps(batch: int = 3, frames: int = 5) -> Tensor:
    return torch.randn(batch, frames, 4, 3, generator=torch.Generator().manual_seed(0))


def slow(raw: Tensor) -> float:
    """Of one map [t,h,w]."""
    changes = [
        1 - torch.corrcoef(torch.stack([earlier.flatten(), later.flatten()]))[0, 1].item()
        for earlier, later in pairwise(raw)
    ]
    return sum(changes) / len(changes)


@pytest.mark.parametrize("frames", [2, 3, 8])
def test_flicker_follows_its_definition(frames: int) -> None:
    raw = maps(frames=frames)
    assert flicker(raw).tolist() == pytest.approx([slow(one) for one in raw], abs=1e-5)


def test_what_turns_into_its_opposite_flickers_most() -> None:
    step = torch.tensor([[1.0, 2.0], [0.0, 5.0]])
    assert flicker(torch.stack([step, -step, step])[None]).item() == pytest.approx(2.0)
    assert flicker(torch.stack([step, 3 * step + 7, step])[None]).item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0])
def test_one_step_and_constant_steps_do_not_flicker(value: float) -> None:
    assert flicker(maps(frames=1)).tolist() == [0.0] * 3
    assert flicker(torch.full((2, 4, 3, 3), value)).tolist() == [0.0, 0.0]


def test_a_constant_step_beside_another_counts_one() -> None:
    raw = maps(batch=1, frames=2)
    raw[:, 0] = 0.1
    assert flicker(raw).item() == 1.0


def test_batches_and_processes_do_not_matter() -> None:
    whole, first, second = Flicker(), Flicker(), Flicker()
    whole.update(maps())
    first.update(maps()[:1])
    second.update(maps()[1:])
    first.merge_state(second)
    torch.testing.assert_close(first.compute(), whole.compute())
    assert whole.compute()["flicker"].item() == pytest.approx(flicker(maps()).mean().item())
