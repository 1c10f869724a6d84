"""What a frame shows, where its boxes are, and how frames become a batch."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from datasets.localization.boxes import Boxes
from datasets.localization.crops import RandomCrop
from datasets.localization.frames import TrainingFrames, WholeFrames, collate
from datasets.localization.shots import Shot
from datasets.localization.sources import Film, Held, Pictures, Pixels
from explain.mp4 import write_mp4
from reid.errors import InputError
from reid.types import Frame


def ramp(height: int, width: int) -> Pixels:
    """A picture [H,W,3] whose red tells the row and whose green tells the column."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return np.stack([rows, columns, 0 * rows], axis=-1).astype(np.uint8)


def shot(*pictures: Pixels, **known: object) -> Shot:
    return Shot("a", "a", 2, Held(np.stack(pictures)), **known)  # type: ignore[arg-type]


def every(shots: Sequence[Shot]) -> list[Frame]:
    """All labelled frames, at 8 x 8 pixels."""
    frames = WholeFrames(shots, (8, 8), labelled=True)
    return frames.__getitems__(range(len(frames)))


def told(frame: Frame, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Row [H] and column [W] of the whole frame that each row and column of the pixels shows, by `window`."""
    top, left, tall, wide = frame.window.tolist()
    rows, columns = (torch.arange(size) + 0.5 for size in frame.pixels.shape[1:])
    if frame.flipped:
        columns = columns.flip(0)
    return (
        (top + rows / frame.pixels.shape[1] * tall) * height - 0.5,
        (left + columns / frame.pixels.shape[2] * wide) * width - 0.5,
    )


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_window_and_flip_say_which_pixels_are_shown(flip: float) -> None:
    frames = TrainingFrames([shot(ramp(96, 80))], RandomCrop((40, 24), (96, 80), flip))
    seen = set()
    for seed in range(20):
        frame = frames[0, 0, seed]
        rows, columns = told(frame, 96, 80)
        assert bool(frame.flipped) == bool(flip)
        torch.testing.assert_close(frame.pixels[0].float(), rows[:, None].expand(40, 24), atol=1e-4, rtol=0)
        torch.testing.assert_close(frame.pixels[1].float(), columns[None].expand(40, 24), atol=1e-4, rtol=0)
        seen.add((round(float(rows.min())), round(float(columns.min()))))
    assert len(seen) > 15
    assert all(0 <= top <= 56 and 0 <= left <= 56 for top, left in seen)


def test_a_frame_that_is_resized_first_shows_what_its_window_says() -> None:
    frame = TrainingFrames([shot(ramp(120, 60))], RandomCrop((48, 48), (96, 96), flip=1.0))[0, 0, 5]
    rows, columns = told(frame, 120, 60)
    torch.testing.assert_close(frame.pixels[0].float(), rows[:, None].expand(48, 48), atol=1.0, rtol=0)
    torch.testing.assert_close(frame.pixels[1].float(), columns[None].expand(48, 48), atol=1.0, rtol=0)


def test_a_map_of_the_whole_frame_is_cut_by_window_and_flip() -> None:
    """As a store of maps does it: sampled at what `window` says, then mirrored."""
    frame = TrainingFrames([shot(ramp(96, 96))], RandomCrop((64, 64), (96, 96), flip=1.0))[0, 0, 1]
    stored = torch.from_numpy(ramp(96, 96)[..., 1]).float()[None, None]
    top, left, tall, wide = frame.window.tolist()
    theta = torch.tensor([[[wide, 0, 2 * left + wide - 1], [0, tall, 2 * top + tall - 1]]])
    grid = F.affine_grid(theta, [1, 1, 64, 64], align_corners=False)
    cut = F.grid_sample(stored, grid, align_corners=False)[0, 0].flip(-1)
    torch.testing.assert_close(cut, frame.pixels[1].float(), atol=1e-3, rtol=0)


def test_training_sees_no_boxes_and_no_mask() -> None:
    masks = Held(np.ones((1, 8, 8), np.uint8))
    known = shot(ramp(8, 8), boxes={0: Boxes(((1, 2, 3, 4),))}, masks=masks)
    read = TrainingFrames([known], RandomCrop((8, 8)))[0, 0, 0]
    for frame in (read, WholeFrames([known], (8, 8), labelled=False)[0]):
        assert frame.boxes.shape == (0, 4)
        assert bool((frame.mask == 255).all())
        assert (int(frame.label), int(frame.shot), int(frame.frame)) == (2, 0, 0)
    assert read.window.tolist() == [0, 0, 1, 1]


def test_the_seed_decides() -> None:
    frames = TrainingFrames([shot(ramp(96, 80))], RandomCrop((40, 24), (96, 80)))
    assert all(torch.equal(one, other) for one, other in zip(frames[0, 0, 3], frames[0, 0, 3], strict=True))
    assert len({tuple(frames[0, 0, seed].window.tolist()) for seed in range(9)}) > 7
    assert {bool(frames[0, 0, seed].flipped) for seed in range(9)} == {True, False}


def test_boxes_and_masks_move_with_the_frame() -> None:
    mask = np.zeros((1, 20, 40), np.uint8)
    mask[0, 5:10, 10:30] = 1
    mask[0, 0, 0] = 255
    drawn = Boxes(((10, 5, 29, 9), (0, 0, 40, 20)), (40, 20))
    (frame,) = [WholeFrames([shot(ramp(20, 40), boxes={0: drawn}, masks=Held(mask))], (40, 40), labelled=True)[0]]
    assert frame.boxes.tolist() == [[10, 10, 29, 18], [0, 0, 40, 40]]
    assert frame.mask[:, 20].nonzero().flatten().tolist() == list(range(10, 20))
    assert frame.mask[15].nonzero().flatten().tolist() == list(range(10, 30))
    assert frame.mask[0, 0] == 255
    assert (frame.window.tolist(), bool(frame.flipped)) == ([0, 0, 1, 1], False)


def test_a_mask_alone_gives_its_tight_box() -> None:
    mask = np.zeros((2, 8, 8), np.uint8)
    mask[0, 2:5, 3:7] = 1
    first, second = every([shot(ramp(8, 8), ramp(8, 8), masks=Held(mask))])
    assert first.boxes.tolist() == [[3, 2, 6, 4]]
    assert second.boxes.shape == (0, 4), "no object"


def test_frames_without_boxes_are_read_only_where_no_frame_has_some() -> None:
    boxed = shot(ramp(8, 8), ramp(8, 8), boxes={1: Boxes(((1, 2, 3, 4),))})
    plain = shot(*[ramp(8, 8)] * 5)
    assert WholeFrames([plain, boxed], (8, 8), labelled=True).places == [(1, 1)]
    assert WholeFrames([plain, plain], (8, 8), labelled=True).places == [(0, 2), (1, 2)]
    assert WholeFrames([plain, boxed], (8, 8), labelled=False).places == [*((0, i) for i in range(5)), (1, 0), (1, 1)]
    assert WholeFrames([plain], (8, 8), labelled=True)[0].boxes.shape == (0, 4)


def test_boxes_of_another_size_are_refused() -> None:
    frames = WholeFrames([shot(ramp(20, 40), boxes={0: Boxes(((1, 2, 3, 4),), (80, 40))})], (8, 8), labelled=True)
    with pytest.raises(InputError, match=r"a: frame 0 has 40 x 20 pixels, but its boxes were drawn on 80 x 40; take"):
        frames[0]


def test_a_batch_has_rows_for_the_most_boxes() -> None:
    boxes = [((1.0, 2.0, 3.0, 4.0), (5.0, 6.0, 7.0, 8.0)), ((0.0, 0.0, 1.0, 1.0),)]
    shots = [shot(ramp(8, 8), boxes={0: Boxes(corners)}) for corners in boxes]
    batch = collate(every(shots))
    assert batch.pixels.shape == (2, 3, 8, 8)
    assert batch.pixels.dtype == batch.mask.dtype == torch.uint8
    assert batch.boxes.shape == (2, 2, 4)
    assert batch.boxes.isnan().all(-1).tolist() == [[False, False], [False, True]]
    assert batch.shot.tolist() == [0, 1]
    assert (batch.window.shape, batch.flipped.dtype) == ((2, 4), torch.bool)
    empty = collate([frame._replace(boxes=torch.empty(0, 4)) for frame in every(shots)])
    assert empty.boxes.shape == (2, 0, 4)


@pytest.mark.parametrize(("enlarged", "flip"), [((8, 7), 0.5), ((7, 8), 0.5), (None, 1.5)])
def test_values_out_of_range(enlarged: tuple[int, int] | None, flip: float) -> None:
    with pytest.raises(InputError, match="given, expected"):
        RandomCrop((8, 8), enlarged, flip)


def test_frames_of_a_video_file_are_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.stack([np.full((32, 48, 3), 20 * time, np.uint8) for time in range(10)])
    write_mp4(tmp_path / "a.mp4", pixels, 5)
    film = Shot("a", "a", 0, Film(tmp_path / "a.mp4", range(2, 8)))
    assert len(film) == 6
    asked: list[Sequence[int]] = []
    read = Film.read

    def noted(film: Film, wanted: Sequence[int]) -> list[Pixels]:
        asked.append(wanted)
        return read(film, wanted)

    monkeypatch.setattr(Film, "read", noted)
    frames = WholeFrames([film, film], (32, 48), labelled=False)
    batch = collate(frames.__getitems__(range(4, 8)))
    assert asked == [[4, 5], [0, 1]]
    assert batch.shot.tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(batch.pixels.float().mean((1, 2, 3)), [120, 140, 40, 60], atol=6)


def test_pictures_are_read_by_number(tmp_path: Path) -> None:
    for number in (1, 2):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((4, 5, 3), 100 * number, np.uint8))
    first, second = Pictures(tmp_path, ("1.png", "2.png")).read([1, 0])
    assert (first.shape, int(first.max()), int(second.max())) == ((4, 5, 3), 200, 100)
