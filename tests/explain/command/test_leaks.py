"""A process that explains for a long time holds no more than after its first explanations."""

import gc
import os
import threading
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules import module as every_module

from explain.command.methods import build_methods
from explain.command.names import FOREGROUND, METHODS
from explain.command.settings import Settings
from explain.targets import ClassLogit, PairSimilarity, RunnerUp, Target
from reid.errors import InputError
from tests.toys import FrameNet, TinyNet, TokenNet, pixels, random_model

MODELS = [random_model(net) for net in (TinyNet(), FrameNet(), TokenNet())]
EXPLAINERS = build_methods(
    [name for name in METHODS if name != FOREGROUND], Settings(steps=3, iterations=2, batch_size=8, areas=(0.3,))
)
TARGETS: list[Target] = [ClassLogit(1), RunnerUp(), PairSimilarity(torch.ones(8))]
MEGABYTES = 30.0
"""Of growth that is no leak: pages that the allocator keeps."""


class Held(NamedTuple):
    """What a process holds."""

    hooks: int
    tensors: int
    files: int
    threads: int


def held() -> Held:
    """Count, after unreachable circles are gone."""
    gc.collect()
    registries = [registry for model in MODELS for part in model.modules() for registry in hooks_of(part)]
    tensors = [found for found in gc.get_objects() if issubclass(type(found), Tensor)]
    return Held(
        sum(map(len, [*registries, *hooks_of(every_module)])) + sum(bool(found._backward_hooks) for found in tensors),
        len(tensors),
        len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - the names of open files, not paths
        threading.active_count(),
    )


def hooks_of(part: object) -> list[dict[int, object]]:
    """The registries of a module, or of all modules."""
    return [value for name, value in vars(part).items() if name.endswith("_hooks") and isinstance(value, dict)]


def resident() -> float:
    """Megabytes in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def explain(number: int) -> bool:
    """Explain once, each time something else; whether the method had an answer."""
    model, name, target = COMBINATIONS[number % len(COMBINATIONS)]
    try:
        EXPLAINERS[name](model, pixels(1, seed=number), target)
    except (InputError, ValueError):  # attention that is not there, or an embedding of another width
        return False
    return True


COMBINATIONS: list[tuple[nn.Module, str, Target]] = list(product(MODELS, EXPLAINERS, TARGETS))


def require_no_growth(work: Callable[[int], object], first: int, more: int) -> None:
    """Do some work often enough to fill what is cached, and more of it."""
    for number in range(first):
        work(number)
    before, memory = held(), resident()
    for number in range(first, first + more):
        work(number)
    assert held() == before
    assert resident() - memory < MEGABYTES


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="counts open files by /proc")
@pytest.mark.parametrize("more", [30, pytest.param(500, marks=pytest.mark.slow)])
def test_explaining_leaves_nothing_behind(more: int) -> None:
    answered = [explain(number) for number in range(0, len(COMBINATIONS), 2)]
    assert sum(answered) > len(answered) / 2
    require_no_growth(lambda number: explain(7 * number), 0, more)


def test_a_leak_would_be_seen() -> None:
    kept: list[object] = []

    def leave_a_hook(_number: int) -> None:
        kept.append(MODELS[0].register_forward_hook(lambda *_: None))

    def leave_a_file(_number: int) -> None:
        kept.append(Path(__file__).open())  # noqa: SIM115 - it shall stay open

    def leave_a_tensor(_number: int) -> None:
        kept.append(torch.zeros(1))

    try:
        for leave in (leave_a_hook, leave_a_file, leave_a_tensor):
            with pytest.raises(AssertionError, match="Held"):
                require_no_growth(leave, 1, 1)
    finally:
        for each in kept:
            if hasattr(each, "remove"):
                each.remove()
            elif hasattr(each, "close"):
                each.close()
