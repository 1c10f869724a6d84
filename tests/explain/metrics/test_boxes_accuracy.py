"""Counts of correct boxes, and what is read off them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, distributed, multiprocessing

from explain.metrics.boxes import iou, scale_boxes
from explain.metrics.boxes_accuracy import BoxAccuracy
from explain.metrics.boxes_counts import DELTAS, BoxCounts, corloc
from explain.metrics.boxes_sweep import fit
from explain.metrics.pixel_precision import PixelPrecision
from reid.errors import InputError

CLASSES, STEP, SIZE, ORIGINAL = 3, 0.02, (24, 32), (48, 96)
PRIOR = (0.2, 0.2, 0.7, 0.8)
UNUSED = "ignore:The ``compute`` method:UserWarning"  # torchmetrics' own, where a process saw no frame


class Scene:
    """Maps that show a box blurred and noisy, the boxes, and what a classifier says."""

    def __init__(self, frames: int = 12) -> None:
        draw = np.random.default_rng(0)
        starts = draw.uniform((0, 0), (40, 16), (frames, 2))
        ends = starts + draw.uniform((16, 10), (50, 30), (frames, 2))
        self.boxes = [torch.tensor(np.concatenate([start, end])[None]) for start, end in zip(starts, ends, strict=True)]
        self.boxes[3] = torch.cat([self.boxes[3], self.boxes[4]])
        self.boxes[5] = self.boxes[5][:0]
        maps = []
        for start, end in zip(starts, ends, strict=True):
            left, top, right, bottom = scale_boxes([*start, *end], ORIGINAL, SIZE)[0]
            heat = draw.random(SIZE) * 0.6
            heat[top:bottom, left:right] += 0.4 * draw.random()
            maps.append((heat - heat.min()) / (heat.max() - heat.min()))
        self.heat = torch.tensor(np.stack(maps), dtype=torch.float32)
        self.label = torch.arange(frames) % (CLASSES - 1)  # nothing of the last class
        self.predicted = torch.where(torch.arange(frames) % 3 == 0, 2, self.label)
        self.sizes = [ORIGINAL] * frames

    def put_into(self, metric: BoxAccuracy, share: slice = slice(None)) -> BoxAccuracy:
        metric.update(self.heat[share], self.boxes[share], self.sizes[share], self.label[share], self.predicted[share])
        return metric


def counts(largest: Tensor, frames: Tensor) -> BoxCounts:
    """Counts of `largest` [K,n] at 0.5, and none otherwise."""
    thresholds = torch.linspace(0, 0.9, largest.shape[1], dtype=torch.float64)
    each = torch.stack([largest * 0, largest, largest * 0], -1)
    return BoxCounts(thresholds, frames, each, each, largest, None, torch.tensor(0))


def test_counts_follow_their_definition() -> None:
    scene, metric = Scene(), BoxAccuracy(CLASSES, STEP, PRIOR)
    found = scene.put_into(metric).compute()
    assert found.left_out == 1
    assert found.frames.tolist() == [6, 5, 0]
    expected = {name: torch.zeros_like(getattr(found, name)) for name in ("largest", "contours", "named", "prior")}
    for frame, boxes in enumerate(scene.boxes):
        if not len(boxes):
            continue
        kind = int(scene.label[frame])
        truth = scale_boxes(boxes.numpy(), ORIGINAL, SIZE)
        largest, contours = fit(scene.heat[frame].numpy(), truth, np.arange(0, 1, STEP))
        for place, delta in enumerate(DELTAS):
            expected["largest"][kind, :, place] += torch.from_numpy(largest >= delta)
            expected["contours"][kind, :, place] += torch.from_numpy(contours >= delta)
        if scene.predicted[frame] == kind:
            expected["named"][kind] += torch.from_numpy(largest >= 0.5)
        expected["prior"][kind] += int(iou(scale_boxes(PRIOR, (1, 1), SIZE), truth).max() >= 0.5)
    for name, own in expected.items():
        assert torch.equal(getattr(found, name), own), name
        assert own.any(), name


def test_batches_and_merged_metrics_do_not_matter() -> None:
    scene = Scene()
    whole = scene.put_into(BoxAccuracy(CLASSES, STEP)).compute()
    first, second = BoxAccuracy(CLASSES, STEP), BoxAccuracy(CLASSES, STEP)
    scene.put_into(first, slice(0, 5))
    for frame in range(5, 12):
        scene.put_into(second, slice(frame, frame + 1))
    first.merge_state(second)
    for name in ("frames", "largest", "contours", "named", "left_out"):
        assert torch.equal(getattr(first.compute(), name), getattr(whole, name))


def test_macro_and_micro_of_the_published_tables() -> None:
    first = torch.tensor([84, 27, 37, 33, 33, 21, 37, 31, 27, 16])
    correct = torch.tensor([76, 19, 23, 25, 28, 17, 30, 20, 19, 8])
    assert first.sum() == 346
    assert correct.sum() == 265
    assert 100 * corloc(correct, first).item() == pytest.approx(73.05, abs=0.005)
    assert 100 * corloc(correct, first, "micro").item() == pytest.approx(76.59, abs=0.005)
    second = torch.tensor([170, 155, 144, 363, 141, 140, 164, 181, 165, 158])
    cells = torch.tensor([79.4, 94.9, 75.7, 61.7, 68.8, 87.1, 75.0, 62.4, 72.1, 45.0])
    correct = (cells * second / 100).round()
    assert ((100 * correct / second - cells).abs() < 0.11).all()  # each cell is a whole number of frames
    assert second.sum() == 1781
    assert correct.sum() == 1260
    assert 100 * corloc(correct, second).item() == pytest.approx(72.21, abs=0.005)
    assert 100 * corloc(correct, second, "micro").item() == pytest.approx(70.75, abs=0.005)


def test_the_threshold_of_the_classes_and_that_of_the_frames() -> None:
    found = counts(torch.tensor([[1, 2, 0, 2], [30, 0, 90, 0]]), torch.tensor([2, 100]))
    assert found.best_threshold() == pytest.approx(0.3)  # (2/2 + 0) / 2, the first of two
    assert found.best_threshold("micro") == pytest.approx(0.6)
    assert found.max_box_accuracy().item() == pytest.approx(90 / 102)
    assert found.max_box_accuracy("macro").item() == pytest.approx(0.5)
    assert found.correct(0.58).tolist() == [0, 90]
    assert found.correct_each_at_its_best().tolist() == [2, 90]


def test_the_second_version_chooses_a_threshold_for_each_overlap() -> None:
    found = counts(torch.tensor([[1, 2]]), torch.tensor([4]))
    contours = torch.tensor([[[4, 2, 0], [3, 3, 1]]])
    again = BoxCounts(found.thresholds, found.frames, found.largest, contours, found.named, None, found.left_out)
    assert again.max_box_accuracy_v2().item() == pytest.approx((1 + 3 / 4 + 1 / 4) / 3)


def test_the_headline_is_at_the_threshold_of_other_frames() -> None:
    found = Scene().put_into(BoxAccuracy(CLASSES, STEP, PRIOR)).compute()
    best = found.summary(found.best_threshold())
    other = found.summary(0.9)
    assert best["corloc"] == best["corloc_oracle"]
    assert other["corloc"] < other["corloc_oracle"] == best["corloc_oracle"]
    assert best["top1_loc"] < best["corloc_micro"] <= best["max_box_accuracy"]
    assert best["mean_box"] == other["mean_box"] > 0
    assert "mean_box" not in Scene().put_into(BoxAccuracy(CLASSES, STEP)).compute().summary(0.5)


def test_a_perfect_map_is_right_at_every_threshold() -> None:
    heat = torch.zeros(1, 224, 224)
    heat[0, 20:120, 40:190] = 1
    metric = BoxAccuracy(1)
    metric.update(heat, [torch.tensor([[40.0, 20.0, 190.0, 120.0]])], [(224, 224)], torch.tensor([0]))
    found = metric.compute()
    assert len(found.thresholds) == 1000
    assert found.largest.eq(1).all()
    assert found.named.eq(1).all()


def test_pixels_of_perfect_constant_and_inverted_maps() -> None:
    mask = torch.zeros(2, 10, 10, dtype=torch.long)
    mask[:, :2] = 1
    for heat, expected in ((mask.float(), 1.0), (torch.full((2, 10, 10), 0.37), 0.2), (1 - mask.float(), 0.2)):
        metric = PixelPrecision()
        metric.update(heat, mask)
        assert metric.compute().item() == pytest.approx(expected)


def test_pixels_follow_their_definition() -> None:
    draw = torch.Generator().manual_seed(0)
    heat = torch.rand(2, 9, 8, generator=draw)
    heat[0, 0] = torch.tensor([0.0, 1.0, 0.25, 0.5, 0.75, 1.0, 0.0, 0.5])
    mask = torch.randint(0, 2, (2, 9, 8), generator=draw)
    mask[:, 3:5] = 255
    metric = PixelPrecision(0.25)
    metric.update(heat[:1], mask[:1])
    metric.update(heat[1:], mask[1:])
    area, before = 0.0, 0.0
    for edge in (1.0, 0.75, 0.5, 0.25, 0.0):
        shown = (heat >= edge) & (mask != 255)
        if shown.any():
            recall = ((mask == 1) & shown).sum().item() / (mask == 1).sum().item()
            area += (mask[shown] == 1).float().mean().item() * (recall - before)
            before = recall
    assert metric.compute().item() == pytest.approx(area, rel=1e-6)
    only = PixelPrecision(0.25)
    only.update(heat, mask == 1)
    assert only.compute() < metric.compute()  # what nobody knows counts as beside the thing


def test_without_a_thing_there_is_no_precision() -> None:
    metric = PixelPrecision()
    metric.update(torch.rand(1, 3, 3), torch.zeros(1, 3, 3, dtype=torch.bool))
    assert metric.compute().isnan()


def test_what_does_not_fit_is_refused() -> None:
    heat, boxes, sizes = torch.rand(2, 8, 8), [torch.ones(1, 4)] * 2, [(8, 8)] * 2
    with pytest.raises(ValueError, match="classes"):
        BoxAccuracy(2).update(heat, boxes, sizes, torch.tensor([0, 2]))
    with pytest.raises(ValueError, match="zip"):
        BoxAccuracy(2).update(heat, boxes[:1], sizes, torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="masks of their shape"):
        PixelPrecision().update(heat, torch.zeros(2, 8, 9))
    with pytest.raises(ValueError, match=r"0\.\.1"):
        PixelPrecision().update(2 * heat, torch.zeros(2, 8, 8))
    metrics: list[Callable[[], object]] = [lambda: BoxAccuracy(2, step=0.0), lambda: PixelPrecision(step=2.0)]
    for make in metrics:
        with pytest.raises(InputError, match="step"):
            make()


def work(rank: int, folder: Path) -> None:
    distributed.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=2)
    try:
        found = {}
        for name, shares in {"split": (slice(0, 5), slice(5, 12)), "idle": (slice(0, 12), None)}.items():
            boxes, pixels, share = BoxAccuracy(CLASSES, STEP, PRIOR), PixelPrecision(), shares[rank]
            if share is not None:
                Scene().put_into(boxes, share)
                pixels.update(Scene().heat[share], Scene().heat[share] > 0.5)
            found[name] = [*boxes.compute().summary(0.5).values(), pixels.compute().item()]
        (folder / f"{rank}.json").write_text(json.dumps(found))
    finally:
        distributed.destroy_process_group()


@pytest.mark.ddp
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning", UNUSED)
def test_two_processes_agree_with_one(tmp_path: Path) -> None:
    multiprocessing.start_processes(work, (tmp_path,), nprocs=2, start_method="fork")  # type: ignore[no-untyped-call,attr-defined]
    pixels = PixelPrecision()
    pixels.update(Scene().heat, Scene().heat > 0.5)
    alone = Scene().put_into(BoxAccuracy(CLASSES, STEP, PRIOR)).compute().summary(0.5)
    expected = [*alone.values(), pixels.compute().item()]
    for process in range(2):
        for scores in json.loads((tmp_path / f"{process}.json").read_text()).values():
            assert scores == pytest.approx(expected)
