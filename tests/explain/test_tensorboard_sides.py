"""Several clips on one picture: every side is there, and every word."""

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from explain.overlay import overlay
from explain.paragraph import broken
from explain.sinks.tensorboard_sides import Side, film_of, sheet_of


def side(seed: int, frames: int = 4, caption: str = "a caption", width: int = 8) -> Side:
    numbers, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    clip = numbers.integers(0, 256, (frames, 16, width, 3), dtype=np.uint8)
    return Side(caption, clip, torch.randn(2, 4, 2, generator=generator))


def place(sheet: NDArray[np.uint8], frame: NDArray[np.uint8]) -> tuple[int, int]:
    """Where a frame stands on a sheet: row and column of its corner."""
    windows = np.lib.stride_tricks.sliding_window_view(sheet, frame.shape)[:, :, 0]
    ((row, column),) = np.argwhere((windows == frame).all((2, 3, 4)))
    return int(row), int(column)


def test_both_sides_are_drawn_each_with_its_own_map_the_first_above() -> None:
    sides = [side(0), side(1, frames=6)]
    sheet = sheet_of(sides, "clip")
    rows = []
    for one in sides:
        drawn = overlay(one.frames, one.raw, "clip")
        frames, overlays = ([place(sheet, picture) for picture in clip] for clip in (one.frames, drawn))
        assert [column for _, column in frames] == [column for _, column in overlays]
        assert len({row for row, _ in frames}) == len({row for row, _ in overlays}) == 1
        rows += [frames[0][0], overlays[0][0]]
    assert rows == sorted(rows)


def ink(picture: NDArray[np.uint8]) -> int:
    return int((picture < 128).all(-1).sum())


@pytest.mark.parametrize("frames", [1, 4, 40])
@pytest.mark.parametrize("text", ["why", "why its best match 0016C2T0002 is a wrong one " * 4, "x" * 200])
def test_no_word_of_a_caption_is_cut(frames: int, text: str) -> None:
    """There is as much ink as on a sheet of paper that is as wide as one likes."""
    white = Side(text, np.full((frames, 16, 8, 3), 255, np.uint8), torch.zeros(1, 4, 2))
    sheet = sheet_of([white], "clip")
    captions = sheet[: -(2 * 19 + 44) * -(-frames // 197)]
    lines = [*broken(text, max(320, 3 + frames * 11) - 12), "bars: map summed over each frame, 0 to 0"]
    expected = 0
    for line in lines:
        paper = np.full((30, 5000, 3), 255, np.uint8)
        cv2.putText(paper, line, (6, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40,) * 3, 1, cv2.LINE_AA)
        expected += ink(paper)
    assert ink(captions) == pytest.approx(expected, rel=0.02)
    assert not (captions[:, -4:] < 128).any()


def test_lines_hold_all_words_in_their_order_and_no_more_than_fits() -> None:
    text = "0001C1T0001 (person 1): why its best match 0016C2T0002 (wrong: person 16)"
    lines = [*broken(text, 150)]
    assert " ".join(lines) == text
    assert len(lines) > 3
    assert all(cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)[0][0] <= 150 for line in lines)
    assert [*broken("", 150)] == [""]


def test_the_film_shows_both_sides_and_waits_for_the_longer_one() -> None:
    first, second = side(0, frames=2), side(1, frames=3)
    film = film_of([first, second], "clip")
    assert film.shape[:2] == (3, 16)
    left, right = overlay(first.frames, first.raw, "clip"), overlay(second.frames, second.raw, "clip")
    for number in range(3):
        assert place(film[number], left[min(number, 1)])[1] < place(film[number], right[number])[1]
    assert np.array_equal(film_of([first], "clip"), left)
