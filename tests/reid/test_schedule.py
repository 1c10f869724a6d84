"""Learning rates over the epochs."""

import math
from collections.abc import Callable

import pytest
import torch
from jsonargparse import ArgumentParser
from torch import nn
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import LRScheduler

from reid.errors import InputError
from reid.schedule import WarmupCosine, WarmupMultiStep, warmup

Schedule = Callable[[Optimizer], LRScheduler]


def optimizer(*rates: float) -> Optimizer:
    return SGD([{"params": [nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates])


def rates_of(schedule: Schedule, epochs: int, base: float = 1.0) -> list[float]:
    """The learning rate of each epoch."""
    owner = optimizer(base)
    scheduler, rates = schedule(owner), []
    for _ in range(epochs):
        rates.append(owner.param_groups[0]["lr"])
        owner.step()
        scheduler.step()
    return rates


def test_the_published_schedule() -> None:
    rates = rates_of(lambda owner: WarmupMultiStep(owner, gamma=0.32827), 71, base=3.5e-4)
    assert [rates[epoch] for epoch in (0, 5, 9)] == pytest.approx([3.5e-6, 1.7675e-4, 3.1535e-4])
    assert rates[10:40] == pytest.approx([3.5e-4] * 30)
    assert rates[40:70] == pytest.approx([1.14893e-4] * 30, rel=5e-5)
    assert rates[70] == pytest.approx(3.77153e-5, rel=5e-5)


@pytest.mark.parametrize("factor", [0.01, 0.5])
@pytest.mark.parametrize("epochs", [0, 1, 3, 10])
def test_warmup_follows_its_definition(epochs: int, factor: float) -> None:
    for epoch in range(epochs):
        assert warmup(epoch, epochs, factor) == pytest.approx(factor * (1 - epoch / epochs) + epoch / epochs)
    assert [warmup(epoch, epochs, factor) for epoch in (epochs, epochs + 1, 1000)] == [1.0, 1.0, 1.0]


def test_milestones_inside_the_warmup_and_in_any_order() -> None:
    rates = rates_of(lambda owner: WarmupMultiStep(owner, 4, 0.5, milestones=(6, 2), gamma=0.1), 8)
    assert rates == pytest.approx([0.5, 0.625, 0.075, 0.0875, 0.1, 0.1, 0.01, 0.01])


def test_cosine_follows_its_definition() -> None:
    rates = rates_of(lambda owner: WarmupCosine(owner, epochs=10, warmup_epochs=2, warmup_factor=0.1, floor=0.2), 13)
    expected = [0.1, 0.55] + [0.2 + 0.8 * (1 + math.cos(math.pi * epoch / 8)) / 2 for epoch in range(9)] + [0.2, 0.2]
    assert rates == pytest.approx(expected)
    assert rates[2] == 1.0
    assert rates[6] == pytest.approx(0.6)


def test_cosine_without_warmup() -> None:
    rates = rates_of(lambda owner: WarmupCosine(owner, epochs=2, warmup_epochs=0), 3, base=4.0)
    assert rates == pytest.approx([4.0, 2.0, 0.0])


@pytest.mark.parametrize("epochs", [0, 9, 10])
def test_a_run_that_is_all_warmup_is_refused(epochs: int) -> None:
    with pytest.raises(InputError, match=rf"over {epochs} epochs has no room for warmup_epochs 10"):
        WarmupCosine(optimizer(1.0), epochs)


def test_every_group_keeps_its_own_rate() -> None:
    owner = optimizer(1.0, 10.0)
    WarmupMultiStep(owner, warmup_factor=0.5)
    assert [group["lr"] for group in owner.param_groups] == [0.5, 5.0]


SCHEDULES: dict[str, Schedule] = {
    "steps": lambda owner: WarmupMultiStep(owner, 3, milestones=(5, 7)),
    "cosine": lambda owner: WarmupCosine(owner, 9, 3),
}


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("stop", [1, 3, 6])
def test_goes_on_from_its_state(schedule: Schedule, stop: int) -> None:
    whole = rates_of(schedule, 9)
    owner = optimizer(1.0)
    first = schedule(owner)
    for _ in range(stop):
        owner.step()
        first.step()
    later = optimizer(1.0)
    second, rates = schedule(later), []
    later.load_state_dict(owner.state_dict())
    second.load_state_dict(first.state_dict())
    for _ in range(stop, 9):
        rates.append(later.param_groups[0]["lr"])
        later.step()
        second.step()
    assert rates == pytest.approx(whole[stop:])


@pytest.mark.parametrize(
    ("name", "options", "first"),
    [
        ("WarmupMultiStep", {"milestones": [40, 70], "gamma": 0.1}, 0.01),
        ("WarmupCosine", {"epochs": 4, "warmup_epochs": 1, "warmup_factor": 0.5}, 0.5),
    ],
)
def test_built_from_a_config(name: str, options: dict[str, object], first: float) -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--scheduler", type=Schedule)
    config = parser.parse_object({"scheduler": {"class_path": f"reid.schedule.{name}", "init_args": options}})
    build = parser.instantiate(config).scheduler
    owner = optimizer(1.0)
    assert type(build(owner)).__name__ == name
    assert owner.param_groups[0]["lr"] == pytest.approx(first)
