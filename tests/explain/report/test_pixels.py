"""Pictures and numbers arrive as they were sent."""

import base64
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from einops import reduce
from numpy.typing import NDArray

from explain.contact_sheet import CELL, shrink
from explain.overlay import colourise, normalise, trim, upsample
from explain.report import Heatmap
from explain.report.pixels import FINEST, clip_of, coarsen, colour_tables, map_of
from explain.sinks.base import temporal_curve
from tests.explain.report.pages import grey, noise, numbers_of


def encoded(raw: torch.Tensor, frames: NDArray[np.uint8]) -> Any:
    return map_of(Heatmap("gradcam", raw), frames)


def smooth(frames: int, height: int, width: int) -> NDArray[np.uint8]:
    generator = np.random.default_rng(0)
    small = generator.integers(0, 256, (frames, 6, 6, 3), dtype=np.uint8)
    return np.stack([cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC) for frame in small])


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 4, 2), (5, 7, 3), (4, FINEST, 9)])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_numbers_of_a_map_arrive_bit_for_bit(shape: tuple[int, int, int], scale: float) -> None:
    raw = noise(0, *shape) * scale
    sent = encoded(raw, grey())
    assert sent["shape"] == sent["of"] == list(shape)
    assert torch.equal(numbers_of(sent["cells"], *shape), raw)


def test_a_half_precision_map_with_a_graph_is_sent_as_float32() -> None:
    raw = noise(0, 2, 4, 2).bfloat16().requires_grad_()
    assert torch.equal(numbers_of(encoded(raw, grey())["cells"], 2, 4, 2), raw.detach().float())


def test_a_fine_map_is_sent_as_means() -> None:
    raw = noise(0, 2, 4 * FINEST, 2 * FINEST)
    torch.testing.assert_close(coarsen(raw), reduce(raw, "t (h a) (w b) -> t h w", "mean", a=4, b=4))
    sent = encoded(raw, grey(2))
    assert (sent["shape"], sent["of"]) == ([2, FINEST, FINEST // 2], list(raw.shape))
    assert sent["curve"] == temporal_curve(raw, 2)  # of all the cells


def test_a_thin_map_keeps_a_cell_across() -> None:
    assert coarsen(torch.ones(1, 100 * FINEST, 2)).shape == (1, FINEST, 1)


def test_the_extremes_are_those_that_the_overlay_stretches() -> None:
    frames, raw = smooth(6, 300, 200), noise(0, 3, 8, 4)
    drawn = trim(upsample(raw, shrink(frames).shape[:3]))
    (low, high), heat = torch.tensor(encoded(raw, frames)["extremes"]).T, normalise(drawn, "frame")
    low, high = low.clamp(min=0)[:, None, None], high.clamp(min=0)[:, None, None]
    torch.testing.assert_close(heat * (high - low) + low, drawn.clamp(min=0))


def test_frames_are_shrunk_jpegs() -> None:
    frames = smooth(3, 2 * CELL, CELL)
    sent: Any = clip_of(frames)
    assert (sent["height"], sent["width"], len(sent["frames"])) == (CELL, CELL // 2, 3)
    for frame, text in zip(shrink(frames), sent["frames"], strict=True):
        header, _, data = text.partition(",")
        found = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR_RGB)
        assert found is not None
        assert header == "data:image/jpeg;base64"
        assert found.shape == frame.shape
        assert np.abs(found.astype(int) - frame).mean() < 4


def test_frames_that_are_views_are_sent() -> None:
    frames = smooth(2, 16, 8)[:, ::-1, ::-1]
    assert clip_of(frames) == clip_of(frames.copy())


def test_the_default_colours_are_those_of_the_overlay() -> None:
    tables = {name: np.frombuffer(base64.b64decode(table), np.uint8) for name, table in colour_tables().items()}
    assert {len(table) for table in tables.values()} == {256 * 3}
    assert np.array_equal(tables["jet"].reshape(1, 256, 3), colourise(torch.arange(256)[None, None] / 255)[0])
    signed = tables["signed"].reshape(256, 3).astype(int)
    assert signed[0, 2] > signed[0, 0] + 100  # against: blue
    assert signed[-1, 0] > signed[-1, 2] + 100  # for: red
    assert np.ptp(signed[127]) <= 2
