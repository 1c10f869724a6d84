"""Shapes against their definition: distance to densely sampled discs, and windows against the whole frame."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.drawing.shape import tapered, vector

SIZE = (40, 30)


def whole(start: tuple[float, float], end: tuple[float, float], radii: tuple[float, ...]) -> np.ndarray:
    """The cover of the whole frame."""
    patch = tapered(vector(*start)[None], vector(*end)[None], radii, SIZE)
    frame = np.zeros(SIZE)
    frame[patch.rows, patch.columns] = patch.cover[0]
    return frame


def test_a_round_shape_is_all_that_is_near_its_axis() -> None:
    frame = whole((8, 10), (20, 25), (5, 5))
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    axis = np.linspace((8, 10), (20, 25), 400)
    distance = np.min([np.hypot(x - a, y - b) for a, b in axis], axis=0)
    np.testing.assert_allclose(frame, np.clip(0.5 - (distance - 5), 0, 1), atol=0.02)


def test_a_tapered_shape_is_wide_at_its_start() -> None:
    rows = whole((15, 5), (15, 35), (8, 2)).sum(1)
    assert rows[6] == pytest.approx(16, abs=1)
    assert rows[34] == pytest.approx(4, abs=1)


def test_a_cornered_shape_ends_where_its_axis_ends() -> None:
    patch = tapered(vector(15, 10)[None], vector(15, 30)[None], (6, 6), SIZE, corner=1)
    rows = np.zeros(SIZE[0])
    rows[patch.rows] = patch.cover[0].sum(1)
    assert rows[[9, 31]].tolist() == [0, 0]
    assert rows[20] == pytest.approx(12)


def test_coordinates_run_from_left_to_right_and_from_start_to_end() -> None:
    patch = tapered(vector(15, 10)[None], vector(15, 30)[None], (6, 6), SIZE)
    middle = 15 - patch.columns.start
    assert np.all(np.diff(patch.across[0, 20]) >= 0)
    assert patch.across[0, 20, middle] == pytest.approx(0)
    assert patch.along[0, 20 - patch.rows.start, middle] == pytest.approx(0.5)


@given(st.floats(-60, 90), st.floats(-60, 90), st.floats(0.5, 9))
def test_whatever_lies_outside_is_cut_off(x: float, y: float, radius: float) -> None:
    patch = tapered(vector(x, y)[None], vector(x + 3, y + 4)[None], (radius, radius / 2), SIZE)
    assert patch.cover.shape[1:] == patch.across.shape[1:] == patch.along.shape[1:]
    assert patch.rows.stop <= SIZE[0]
    assert patch.columns.stop <= SIZE[1]
    assert np.isfinite(patch.cover).all()


def test_every_frame_has_its_own_axis() -> None:
    starts = np.array([[5, 5], [20, 20]], np.float32)
    both = tapered(starts, starts + vector(0, 8), (3, 3), SIZE)
    for index, start in enumerate(starts):
        frame = np.zeros(SIZE)
        frame[both.rows, both.columns] = both.cover[index]
        np.testing.assert_allclose(frame, whole((start[0], start[1]), (start[0], start[1] + 8), (3, 3)), atol=1e-5)
