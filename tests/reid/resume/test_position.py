"""Where a checkpoint stands is read from Lightning's counters, whichever hook it was saved in."""

import copy
from typing import Any

import pytest

from reid.resume.position import Position, position_of, set_out

BETWEEN = {
    "epoch 0 was announced": ((1, 0, 0, 0), (0, 0, 0, 0), Position(0, 0)),
    "batch 0 is about to begin": ((1, 1, 0, 0), (1, 0, 0, 0), Position(0, 0)),
    "batch 2 is over": ((1, 1, 0, 0), (3, 3, 3, 2), Position(0, 3)),
    "validation of epoch 0": ((1, 1, 0, 0), (4, 4, 4, 4), Position(0, 4)),
    "end of epoch 0": ((1, 1, 1, 0), (4, 4, 4, 4), Position(1, 0)),
    "epoch 1 was announced": ((2, 1, 1, 1), (4, 4, 4, 4), Position(1, 0)),
    "epoch 1 was resumed by Lightning": ((1, 2, 1, 1), (4, 4, 4, 3), Position(1, 4)),
}


def counters(epochs: tuple[int, ...], batches: tuple[int, ...]) -> dict[str, Any]:
    names = ("ready", "started", "processed", "completed")
    epoch, batch = (dict(zip(names, numbers, strict=True)) for numbers in (epochs, batches))
    total = {name: number + 40 for name, number in batch.items()}
    return {
        "epoch_progress": {"total": dict(epoch), "current": epoch},
        "epoch_loop.batch_progress": {"total": total, "current": batch, "is_last_batch": batch["processed"] == 4},
        "epoch_loop.val_loop.batch_progress": {"total": {}, "current": {}, "is_last_batch": True},
        "epoch_loop.state_dict": {"_batches_that_stepped": 7},
    }


@pytest.mark.parametrize("moment", BETWEEN)
def test_positions(moment: str) -> None:
    epochs, batches, expected = BETWEEN[moment]
    assert position_of(counters(epochs, batches)) == expected


@pytest.mark.parametrize("moment", BETWEEN)
def test_setting_out_does_not_move(moment: str) -> None:
    """Nor does it when a run is killed before its first step and set out again."""
    epochs, batches, expected = BETWEEN[moment]
    found = counters(epochs, batches)
    set_out(found, steps=9, validated=False)
    once = copy.deepcopy(found)
    assert (found["epoch_progress"]["current"]["processed"], found["epoch_progress"]["total"]["started"]) == (
        expected.epochs,
        expected.epochs,
    )
    assert set(found["epoch_loop.batch_progress"]["current"].values()) == {expected.batches}
    assert len(set(found["epoch_loop.batch_progress"]["total"].values())) == 1
    found["epoch_progress"]["current"]["started"] += expected.batches > 0  # as Lightning does at the epoch's start
    set_out(found, steps=9, validated=False)
    assert found == once


def test_a_validation_that_was_made_is_not_begun() -> None:
    found = counters((1, 1, 0, 0), (4, 4, 4, 4))
    for validated, ready in ((False, 1), (True, 0)):
        set_out(found, steps=4, validated=validated)
        assert found["epoch_loop.val_loop.batch_progress"]["total"]["ready"] == ready
        found["epoch_progress"]["current"]["started"] += 1
