"""Frames of a tracklet, good and bad ones."""

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from datasets.reading import FrameReader, resize
from reid.errors import InputError
from reid.preprocess import Preprocess
from reid.types import Tracklet


def tracklet_of(folder: Path, frames: int) -> Tracklet:
    """A tracklet whose frame i has the value 10 * i everywhere."""
    for index in range(frames):
        cv2.imwrite(str(folder / f"{index}.png"), np.full((8, 4, 3), 10 * index, np.uint8))
    return Tracklet(folder, tuple(f"{index}.png" for index in range(frames)), person=1, camera=1, name="walk")


def values(frames: torch.Tensor) -> list[int]:
    return [int(frame.unique().item()) for frame in frames]


def test_frames_come_in_the_order_asked_for(tmp_path: Path) -> None:
    frames, replaced = FrameReader((8, 4))(tracklet_of(tmp_path, 5), [0, 3, 4, 4])
    assert frames.shape == (4, 3, 8, 4)
    assert frames.dtype == torch.uint8
    assert values(frames) == [0, 30, 40, 40]
    assert replaced == 0


def test_channels_are_red_green_blue(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "0.png"), np.full((8, 4, 3), (3, 2, 1), np.uint8))  # OpenCV writes blue first
    frames, _ = FrameReader((8, 4))(Tracklet(tmp_path, ("0.png",), 1, 1, "walk"), [0])
    assert frames[0, :, 0, 0].tolist() == [1, 2, 3]


def test_a_bad_frame_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    tracklet = tracklet_of(tmp_path, 3)
    (tmp_path / "1.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"1\.png"):
        FrameReader((8, 4))(tracklet, [0, 1])


def test_skipping_takes_the_nearest_frame_that_decodes_and_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tracklet = tracklet_of(tmp_path, 6)
    for bad in (0, 2, 3):
        (tmp_path / f"{bad}.png").write_bytes(b"no picture")
    read = FrameReader((8, 4), on_bad_image="skip")
    with caplog.at_level(logging.WARNING):
        frames, replaced = read(tracklet, [0, 2, 3, 3, 5])
        read(tracklet, [0, 2, 3])
    assert values(frames) == [10, 10, 40, 40, 50]
    assert replaced == 3
    warned = [record.getMessage() for record in caplog.records]
    assert len(warned) == 3, "once for each file"
    assert all(any(f"{bad}.png" in message for message in warned) for bad in (0, 2, 3))


def test_a_tracklet_without_any_good_frame_ends(tmp_path: Path) -> None:
    tracklet = tracklet_of(tmp_path, 3)
    for path in tracklet.frames:
        path.unlink()
    with pytest.raises(InputError, match="walk: none of its 3 frames decodes"):
        FrameReader((8, 4), on_bad_image="skip")(tracklet, [0, 1])


@pytest.mark.parametrize("source", [(16, 8), (97, 41), (200, 80)])
def test_resizing_is_the_filter_of_the_preprocessing(source: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*source, 3), np.uint8)
    frame = resize(noise, (64, 32))
    pixels = torch.from_numpy(noise).permute(2, 0, 1).float()
    exact = F.interpolate(pixels[None], (64, 32), mode="bilinear", antialias=True, align_corners=False)[0]
    assert frame.shape == (3, 64, 32)
    assert (frame.float() - exact).abs().max() <= 1.5
    clip = torch.from_numpy(noise).permute(2, 0, 1)[None, :, None]  # [1,3,1,H,W]
    plain = Preprocess((64, 32), mean=(0, 0, 0), std=(1, 1, 1))
    assert (plain(clip) - plain(frame[None, :, None])).abs().max() <= 1.5 / 255


def test_a_frame_of_the_right_size_is_left_as_it_is() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (8, 4, 3), np.uint8)
    assert np.array_equal(resize(noise, (8, 4)).permute(1, 2, 0).numpy(), noise)
