"""What the sinks keep can be read back."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from explain.contact_sheet import CELL
from explain.overlay import overlay, upsample
from explain.sinks import FolderSink, Sink, TensorBoardSink, folder
from explain.sinks.base import temporal_curve
from reid.errors import InputError
from reid.video import read_frames

FRAMES = np.linspace(60, 120, 6 * 31 * 18 * 3).astype(np.uint8).reshape(6, 31, 18, 3)


@pytest.fixture
def raw() -> Tensor:
    """Three steps for six frames, signed."""
    return torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0)) - 0.5


def test_the_folder_has_the_layout_of_the_cam_tool(tmp_path: Path, raw: Tensor) -> None:
    sink: Sink = FolderSink(tmp_path / "out", facts={"method": "gradcam", "score": 0.25, "target": None})
    sink.write("walk", FRAMES, raw)
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {
        *(f"out/frames/frame_{number:03d}.jpg" for number in range(6)),
        *(f"out/cam_activations/frame_{number:03d}_cam.npy" for number in range(6)),
        *(f"out/{name}" for name in ("cam_raw.npy", "cam_video.mp4", "contact_sheet.png", "summary.json")),
    }


def test_maps_are_kept_raw_and_signed_at_their_own_grid(tmp_path: Path, raw: Tensor) -> None:
    FolderSink(tmp_path / "out").write("walk", FRAMES, raw)
    assert np.array_equal(np.load(tmp_path / "out" / "cam_raw.npy"), raw.numpy())
    maps = [np.load(tmp_path / "out" / "cam_activations" / f"frame_{number:03d}_cam.npy") for number in range(6)]
    assert all(one.dtype == np.float32 and one.shape == (4, 2) for one in maps)
    assert np.array_equal(np.stack(maps), upsample(raw, (6, 4, 2)).numpy())
    assert np.stack(maps).min() < 0


def test_pictures_and_video_show_the_overlays_at_the_frames_size(tmp_path: Path, raw: Tensor) -> None:
    FolderSink(tmp_path / "out", normalization="clip").write("walk", FRAMES, raw)
    drawn = overlay(FRAMES, raw, "clip")
    video = read_frames(tmp_path / "out" / "cam_video.mp4", range(6))
    for number in range(6):
        picture = cv2.imread(str(tmp_path / "out" / "frames" / f"frame_{number:03d}.jpg"), cv2.IMREAD_COLOR_RGB)
        assert picture is not None
        assert picture.shape == (31, 18, 3)
        for shown in (picture, video[number, :31, :18]):
            assert np.abs(shown.astype(int) - drawn[number]).mean() < 8  # both store colours at half the resolution
    assert cv2.imread(str(tmp_path / "out" / "contact_sheet.png")) is not None


def test_the_summary_says_what_was_drawn(tmp_path: Path, raw: Tensor) -> None:
    FolderSink(tmp_path / "out", fps=4, facts={"method": "gradcam", "score": 0.25}).write("wälk", FRAMES, raw)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary.pop("map_sum_per_frame") == pytest.approx(temporal_curve(raw, 6))
    assert summary == {
        "name": "wälk",
        "method": "gradcam",
        "score": 0.25,
        "normalization": "frame",
        "frames": {"count": 6, "height": 31, "width": 18},
        "map": {"steps": 3, "height": 4, "width": 2},
        "fps": 4,
        "polarity": "positive",
    }


def test_the_temporal_curve_is_the_sum_of_the_raw_map() -> None:
    raw = torch.randn(5, 3, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert temporal_curve(raw, 5) == pytest.approx(raw.sum((1, 2)).tolist(), rel=1e-5)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_failure_at_the_last_file_leaves_nothing(
    tmp_path: Path, raw: Tensor, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fails(*_: object) -> None:
        raise error

    sink = FolderSink(tmp_path / "out")
    monkeypatch.setattr(folder, "write_mp4", fails)
    with pytest.raises((KeyboardInterrupt, InputError)):
        sink.write("walk", FRAMES, raw)
    assert not list(tmp_path.iterdir())


def test_an_earlier_result_is_found_before_the_model_runs_and_replaced_on_demand(tmp_path: Path, raw: Tensor) -> None:
    FolderSink(tmp_path / "out", fps=4).write("first", FRAMES, raw)
    with pytest.raises(InputError, match="--overwrite"):
        FolderSink(tmp_path / "out")
    FolderSink(tmp_path / "out", overwrite=True).write("second", FRAMES[:2], raw)
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["name"] == "second"
    assert len(list((tmp_path / "out" / "frames").iterdir())) == 2


@pytest.mark.parametrize("fps", [0, -8, float("nan"), float("inf")])
def test_impossible_rates_are_refused(tmp_path: Path, fps: float) -> None:
    with pytest.raises(InputError, match="frames per second"):
        FolderSink(tmp_path / "out", fps=fps)


def test_tensorboard_gets_a_moving_picture_and_a_sheet(tmp_path: Path, raw: Tensor) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        sink: Sink = TensorBoardSink(writer, step=7)
        sink.write("explain/query_3", FRAMES, raw)
    events = EventAccumulator(str(tmp_path), size_guidance={"images": 0}).Reload()
    assert set(events.Tags()["images"]) == {"explain/query_3/video", "explain/query_3/sheet"}
    (event,) = events.Images("explain/query_3/video")
    assert (event.step, event.width, event.height) == (7, 4 * 18, 4 * 31)  # towards 128 pixels
    drawn = overlay(FRAMES.repeat(4, 1).repeat(4, 2), raw, "clip")
    with Image.open(io.BytesIO(event.encoded_image_string)) as picture:
        assert picture.format == "GIF"
        assert getattr(picture, "n_frames", 1) == 6
        for number in range(6):
            picture.seek(number)
            assert picture.info["duration"] == 120  # GIF counts hundredths of a second
            assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - drawn[number]).mean() < 6
    (sheet,) = events.Images("explain/query_3/sheet")
    with Image.open(io.BytesIO(sheet.encoded_image_string)) as picture:
        assert picture.format == "PNG"


def test_large_clips_are_shrunk_for_tensorboard(tmp_path: Path, raw: Tensor) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        TensorBoardSink(writer, step=0).write("a", np.zeros((2, 720, 1280, 3), np.uint8), raw)
    (event,) = EventAccumulator(str(tmp_path)).Reload().Images("a/video")
    assert (event.width, event.height) == (CELL, 144)
