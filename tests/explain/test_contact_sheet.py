"""The sheet shows every frame, its overlay below it, and the bars below that."""

import numpy as np
import pytest
from numpy.typing import NDArray

from explain.contact_sheet import CELL, contact_sheet, shrink


def clip(count: int, height: int = 40, width: int = 20, red: int = 0) -> NDArray[np.uint8]:
    """Frames of one colour each: green tells the frame, red the clip."""
    frames = np.zeros((count, height, width, 3), np.uint8)
    frames[..., 0] = red
    frames[..., 1] = (np.arange(count) + 1)[:, None, None]
    return frames


def places(sheet: NDArray[np.uint8], red: int, number: int) -> NDArray[np.int64]:
    return np.argwhere((sheet == (red, number + 1, 0)).all(-1))


def test_every_frame_is_on_the_sheet_with_its_overlay_below_it() -> None:
    sheet = contact_sheet([clip(5), clip(5, red=99)])
    left = []
    for number in range(5):
        frame, drawn = places(sheet, 0, number), places(sheet, 99, number)
        assert len(frame) == len(drawn) == 40 * 20
        assert frame[:, 1].min() == drawn[:, 1].min()
        assert frame[:, 0].max() < drawn[:, 0].min()
        left.append(int(frame[:, 1].min()))
    assert left == sorted(left)


def test_long_clips_go_on_below() -> None:
    sheet = contact_sheet([clip(100)], curve=[1.0] * 100)
    assert sheet.shape[1] <= 2200
    assert all(len(places(sheet, 0, number)) == 800 for number in range(100))
    assert places(sheet, 0, 99)[:, 0].min() > places(sheet, 0, 0)[:, 0].max()


@pytest.mark.parametrize(("height", "width"), [(1080, 1920), (512, 256), (4, 3000)])
def test_large_frames_are_shrunk_in_proportion(height: int, width: int) -> None:
    small = shrink(clip(2, height, width))
    assert max(small.shape[1:3]) == CELL
    assert small.shape[1] == max(1, round(height * CELL / max(height, width)))
    assert (small[0, ..., 1] == 1).all()


def bars(sheet: NDArray[np.uint8], first: int, colour: tuple[int, int, int]) -> NDArray[np.int64]:
    """Heights of the bars of a colour, per frame of a sheet of 20 pixel wide frames."""
    strip = (sheet[43:] == colour).all(-1)
    return np.array([strip[:, 3 + 23 * place + 10].sum() for place in range(first)])


def test_bars_are_as_long_as_the_curve_and_point_up_or_down() -> None:
    sheet = contact_sheet([clip(4)], curve=[2.0, 1.0, 0.0, -2.0])
    up, down = bars(sheet, 4, (200, 60, 40)), bars(sheet, 4, (50, 90, 190))
    assert up[0] == pytest.approx(2 * up[1], abs=1)
    assert up[2] == up[3] == down[0] == down[1] == 0
    assert down[3] == pytest.approx(up[0], abs=1)


def test_a_flat_curve_and_a_single_frame_are_drawn() -> None:
    assert contact_sheet([clip(1)], curve=[0.0], caption="flat").shape[2] == 3


def test_a_caption_is_written_above_and_broken_into_lines() -> None:
    plain, named, longer = (contact_sheet([clip(3)], caption="a name " * words) for words in (0, 10, 50))
    width = plain.shape[1]
    for sheet in (named, longer):
        assert np.array_equal(sheet[-plain.shape[0] :, :width], plain)
        assert (sheet[: -plain.shape[0]] < 100).any()
    assert longer.shape[0] > named.shape[0] > plain.shape[0]
