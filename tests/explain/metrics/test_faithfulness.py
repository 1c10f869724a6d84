"""The contract of every metric that perturbs clips: add one to METRICS and it is held to it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed, multiprocessing
from torch.nn.parallel import DataParallel

from explain.cam import GradCAM
from explain.metrics.arcc import ARCC
from explain.metrics.deletion import InsertionDeletion
from explain.metrics.drop import AverageDrop
from explain.metrics.faithfulness import FaithfulnessMetric
from explain.metrics.road import ROAD
from explain.targets import ClassLogit, PairSimilarity
from reid.model import ReIDModel
from reid.types import Output
from tests.toys import FrameNet, TinyNet, pixels, random_model

METRICS: dict[str, Callable[[], FaithfulnessMetric]] = {
    "insertion_deletion": lambda: InsertionDeletion(steps=4),
    "frames": lambda: InsertionDeletion("frames", steps=4, dropped="nearest"),
    "drop": AverageDrop,
    "road": lambda: ROAD(percentiles=(30, 70), batch_size=3),
    "arcc": lambda: ARCC(GradCAM()),
}
UNUSED = "ignore:The ``compute`` method:UserWarning"  # torchmetrics' own, where a process saw no clip

all_metrics = pytest.mark.parametrize("make", METRICS.values(), ids=METRICS)


def scene(batch: int = 2, frames: int = 4) -> tuple[ReIDModel, Tensor, Tensor, PairSimilarity]:
    """A model, clips, maps and a pair for each clip that scores higher than nothing does."""
    model, clips = random_model(FrameNet()), pixels(batch, frames)
    raw = torch.randn(batch, frames, 8, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        toward = model(clips).embedding - model(clips[:1] * 0).embedding
    return model, clips, raw, PairSimilarity(toward)


def judged(metric: FaithfulnessMetric) -> dict[str, float]:
    return {name: score.item() for name, score in metric.compute().items()}


@all_metrics
def test_a_batch_is_its_clips_one_by_one(make: Callable[[], FaithfulnessMetric]) -> None:
    model, clips, raw, pair = scene(3)
    together, apart = make(), make()
    together.update(model, clips, raw, pair)
    for clip in range(3):
        one = slice(clip, clip + 1)
        apart.update(model, clips[one], raw[one], PairSimilarity(pair.gallery[clip]))
    assert together.compute()["left_out"] == 0
    assert judged(together) == pytest.approx(judged(apart), rel=1e-3, abs=1e-4)
    assert torch.tensor(list(judged(together).values())).isfinite().all()
    together.reset()
    assert together.clips == 0


@all_metrics
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_nothing_is_touched(make: Callable[[], FaithfulnessMetric], mode: Callable[[], torch.no_grad]) -> None:
    model, clips, raw, pair = scene()
    expected = make()
    expected.update(model, clips, raw, pair)
    model.train()
    model.neck.eval()
    flags = [module.training for module in model.modules()]
    learning = [parameter.requires_grad for parameter in model.parameters()]
    values = [value.clone() for value in (*model.parameters(), *model.buffers(), clips, raw, torch.get_rng_state())]
    metric = make()
    with mode():
        metric.update(DataParallel(model), clips * 1, raw * 1, pair)
    assert judged(metric) == pytest.approx(judged(expected), rel=1e-5)
    assert [module.training for module in model.modules()] == flags
    assert [parameter.requires_grad for parameter in model.parameters()] == learning
    assert all(parameter.grad is None for parameter in model.parameters())
    now = (*model.parameters(), *model.buffers(), clips, raw, torch.get_rng_state())
    assert all(torch.equal(value, before) for value, before in zip(now, values, strict=True))
    assert not metric.total.requires_grad


@all_metrics
def test_no_graph_is_built_for_the_copies(make: Callable[[], FaithfulnessMetric]) -> None:
    model, clips, raw, pair = scene(1)
    learning = pair.gallery.requires_grad_()

    def target(output: Output) -> Tensor:
        score = (output.embedding * learning).sum(1)
        graphs.append(score.requires_grad)
        return score

    graphs: list[bool] = []
    metric = make()
    metric.update(model, clips, raw, target)
    assert graphs.count(True) == isinstance(metric, ARCC)  # which explains a clip once
    assert len(graphs) > 2


@all_metrics
def test_half_precision_gives_the_same_picture(make: Callable[[], FaithfulnessMetric]) -> None:
    model, clips, raw, pair = scene()
    full, half = make(), make()
    full.update(model, clips, raw, pair)
    with torch.autocast("cpu", torch.bfloat16):
        half.update(model, clips, raw, pair)
    assert half.total.dtype == torch.float32
    assert judged(half) == pytest.approx(judged(full), abs=0.1)


@all_metrics
@pytest.mark.parametrize("raw", [torch.zeros(1, 5, 8, 4), torch.ones(1, 1, 1, 1), -torch.rand(1, 2, 3, 3)])
def test_any_map_of_an_odd_clip_is_judged(make: Callable[[], FaithfulnessMetric], raw: Tensor) -> None:
    model, clips, _, pair = scene(1, 5)
    metric = make()
    metric.update(model, clips, raw, pair)
    assert metric.compute()["left_out"] == 0
    assert torch.tensor(list(judged(metric).values())).isfinite().all()


@all_metrics
def test_clips_without_evidence_are_left_out_and_counted(make: Callable[[], FaithfulnessMetric]) -> None:
    model, clips, raw, pair = scene()
    clips[1] = 0
    metric, alone = make(), make()
    metric.update(model, clips, raw, pair)
    alone.update(model, clips[:1], raw[:1], PairSimilarity(pair.gallery[0]))
    assert judged(metric) == pytest.approx({**judged(alone), "left_out": 1}, rel=1e-3)


@all_metrics
def test_without_any_evidence_there_is_no_score(make: Callable[[], FaithfulnessMetric]) -> None:
    metric = make()
    metric.update(random_model(TinyNet()), torch.zeros(1, 3, 4, 16, 8), torch.ones(1, 2, 2, 2), ClassLogit(0))
    scores = judged(metric)
    assert scores.pop("left_out") == 1
    assert torch.tensor(list(scores.values())).isnan().all()


def work(process: int, folder: Path) -> None:
    """Judge three clips as one of two processes, and none as the other."""
    torch.set_num_threads(1)  # threads of the parent do not survive a fork
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=process, world_size=2)
    model, clips, raw, pair = scene(3)
    shared = {}
    for name, split in {"uneven": [slice(0, 1), slice(1, 3)], "idle": [slice(0, 3), slice(0, 0)]}.items():
        metric, mine = InsertionDeletion(steps=3), split[process]
        if mine.stop:
            metric.update(model, clips[mine], raw[mine], PairSimilarity(pair.gallery[mine]))
        shared[name] = [*judged(metric).values(), *metric.curves()["deletion"].tolist()]
        assert judged(metric)["insertion"] == shared[name][0]
    (folder / f"{process}.json").write_text(json.dumps(shared))
    distributed.destroy_process_group()


@pytest.mark.ddp
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning", UNUSED)
def test_two_processes_agree_with_one(tmp_path: Path) -> None:
    multiprocessing.start_processes(work, (tmp_path,), nprocs=2, start_method="fork")  # type: ignore[no-untyped-call,attr-defined]
    model, clips, raw, pair = scene(3)
    alone = InsertionDeletion(steps=3)
    alone.update(model, clips, raw, pair)
    expected = [*judged(alone).values(), *alone.curves()["deletion"].tolist()]
    for process in range(2):
        found = json.loads((tmp_path / f"{process}.json").read_text())
        for scores in found.values():
            assert scores == pytest.approx(expected, rel=1e-3), scores
