"""Maps become colours where the evidence is."""

from collections.abc import Callable
from typing import get_args

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from explain.overlay import Normalisation, Polarity, balance, blend, colourise, normalise, overlay, trim, upsample

MODES: tuple[Normalisation, ...] = get_args(Normalisation)


def linear(row: Tensor, size: int) -> Tensor:
    """Interpolation of a 1-D signal between the centres of its cells, as a loop."""
    out = []
    for place in range(size):
        at = min(max((place + 0.5) * len(row) / size - 0.5, 0.0), len(row) - 1.0)
        left = min(int(at), len(row) - 1)
        right = min(left + 1, len(row) - 1)
        out.append(row[left] * (1 - (at - left)) + row[right] * (at - left))
    return torch.stack(out)


def test_upsampling_is_linear_along_each_axis() -> None:
    raw = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0))
    expected = raw
    for axis, size in enumerate((5, 9, 8)):
        last = expected.movedim(axis, -1)
        lines = [linear(line, size) for line in last.flatten(0, 1)]
        expected = torch.stack(lines).reshape(*last.shape[:2], size).movedim(-1, axis)
    torch.testing.assert_close(upsample(raw, (5, 9, 8)), expected)


def test_upsampling_gives_float32_without_a_graph() -> None:
    raw = torch.ones(1, 2, 2, dtype=torch.bfloat16, requires_grad=True)
    drawn = upsample(raw, (2, 4, 4))
    assert drawn.dtype == torch.float32
    assert not drawn.requires_grad


@given(st.integers(0, 2**32), st.sampled_from(MODES), st.floats(0.01, 100))
def test_normalising_spans_the_range_and_ignores_the_scale(seed: int, mode: Normalisation, scale: float) -> None:
    raw = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    heat = normalise(raw, mode)
    extremes = heat.flatten(1) if mode == "frame" else heat.flatten()[None]
    assert (extremes.amin(1) == 0).all()
    assert (extremes.amax(1) == 1).all()
    torch.testing.assert_close(normalise(raw * scale, mode), heat, atol=1e-3, rtol=0)


@pytest.mark.parametrize("mode", MODES)
def test_evidence_against_the_score_is_as_cold_as_none(mode: Normalisation) -> None:
    """A person that speaks against the score must not make the empty background around it look warm."""
    raw = torch.zeros(2, 3, 3)
    raw[:, 1, 1] = -5.0
    assert normalise(raw, mode).eq(0).all()
    raw[:, 0, 0] = 1.0
    assert normalise(raw, mode).sum() == 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("value", [0.0, 0.1, -3e20])
def test_a_constant_map_gives_zeros_also_after_interpolation(mode: Normalisation, value: float) -> None:
    raw = torch.full((3, 7, 5), value)
    assert normalise(raw, mode).eq(0).all()
    assert normalise(upsample(raw, (8, 101, 67)), mode).eq(0).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_refused(mode: Normalisation, value: float) -> None:
    raw = torch.zeros(2, 2, 2)
    raw[1, 0, 1] = value
    with pytest.raises(ValueError, match="NaN or infinite"):
        normalise(raw, mode)


def test_the_clip_mode_keeps_frames_comparable_and_the_frame_mode_does_not() -> None:
    raw = torch.tensor([[[0.0, 1.0]], [[0.0, 10.0]]])
    assert normalise(raw, "clip")[:, 0, 1].tolist() == pytest.approx([0.1, 1.0])
    assert normalise(raw, "frame")[:, 0, 1].tolist() == [1.0, 1.0]


def test_cold_is_blue_and_hot_is_red() -> None:
    cold, middle, hot = colourise(torch.tensor([[[0.0, 0.5, 1.0]]]))[0, 0].astype(int)
    assert cold[2] > 100
    assert cold[0] == cold[1] == 0
    assert middle[1] == 255
    assert hot[0] > 100
    assert hot[1] == hot[2] == 0


def test_colours_are_those_of_opencv() -> None:
    heat = torch.linspace(0, 1, 256).view(4, 8, 8)
    expected = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_JET)[:, 0, ::-1]
    assert np.array_equal(colourise(heat).reshape(-1, 3), expected)


def test_blending_is_the_weighted_mean() -> None:
    generator = np.random.default_rng(0)
    frames, colours = (generator.integers(0, 256, (2, 5, 7, 3), dtype=np.uint8) for _ in range(2))
    for alpha in (0.0, 0.25, 0.5, 1.0):
        expected = alpha * colours.astype(float) + (1 - alpha) * frames
        assert np.abs(blend(frames, colours, alpha) - expected).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("mode", MODES)
def test_the_hot_cell_is_drawn_where_it_is_in_each_frame(mode: Normalisation) -> None:
    frames = np.full((4, 64, 32, 3), 90, np.uint8)
    raw = torch.full((4, 16, 8), -1.0)
    cells = [(0, 0), (3, 7), (15, 2), (9, 4)]
    for time, (row, column) in enumerate(cells):
        raw[time, row, column] = 2.0
    drawn = overlay(frames, raw, mode)
    assert drawn.shape == frames.shape
    assert drawn.dtype == np.uint8
    redness = drawn[..., 0].astype(int) - drawn[..., 2]
    for time, (row, column) in enumerate(cells):
        hot = np.argwhere(redness[time] > 0).mean(0)
        centre = np.array([row * 4 + 1.5, column * 4 + 1.5])
        assert np.abs(hot - centre).max() <= 1.0


def test_fewer_steps_than_frames_and_frames_that_are_views_are_drawn() -> None:
    frames = np.zeros((3, 4, 5, 6), np.uint8).transpose(1, 2, 3, 0)  # [4,5,6,3]
    before = frames.copy()
    raw = torch.arange(8.0).view(2, 2, 2)
    drawn = overlay(frames, raw, "clip")
    assert drawn.shape == (4, 5, 6, 3)
    assert np.array_equal(frames, before)
    assert drawn[0, 0, 0, 2] > drawn[0, 0, 0, 0]
    assert drawn[3, 4, 5, 0] > drawn[3, 4, 5, 2]


def test_single_pixels_do_not_make_all_others_cold() -> None:
    raw = torch.rand(2, 50, 60, generator=torch.Generator().manual_seed(0))
    spiked = raw.clone()
    spiked[0, 3, 4], spiked[1, 5, 6] = 1000.0, -1000.0
    spread = trim(spiked)
    assert spread.amax() <= 1
    assert spread.amin() >= 0
    inner = raw.ne(spiked).logical_not() & (raw > 0.01) & (raw < 0.99)
    assert torch.equal(spread[inner], raw[inner])


def test_a_frame_of_few_pixels_is_not_trimmed() -> None:
    raw = torch.randn(2, 25, 30, generator=torch.Generator().manual_seed(0))
    assert torch.equal(trim(raw), raw)


@pytest.mark.parametrize("function", [trim, lambda raw: balance(raw, "clip")])
def test_drawing_refuses_values_that_are_not_finite(function: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(ValueError, match="NaN or infinite"):
        function(torch.tensor([[[0.0, float("nan")]]]))


@pytest.mark.parametrize("mode", MODES)
def test_the_negative_polarity_draws_what_speaks_against(mode: Normalisation) -> None:
    frames = np.full((2, 40, 30, 3), 90, np.uint8)
    raw = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    assert np.array_equal(overlay(frames, raw, mode, "negative"), overlay(frames, -raw, mode, "positive"))


def test_both_signs_have_their_colours_and_nothing_leaves_the_frame_as_it_is() -> None:
    frames = np.full((1, 4, 30, 3), 90, np.uint8)
    raw = torch.tensor([[[-2.0] * 10 + [0.0] * 10 + [1.0] * 10]])
    against, neither, evidence = overlay(frames, raw, "clip", "both")[0, 0, [0, 15, 29]].astype(int)
    assert neither.tolist() == [90, 90, 90]
    assert against[2] > against[0] + 30
    assert evidence[0] > evidence[2] + 30


@pytest.mark.parametrize("polarity", get_args(Polarity))
@pytest.mark.parametrize("mode", MODES)
def test_a_map_of_zeros_is_drawn_without_a_warning(mode: Normalisation, polarity: Polarity) -> None:
    frames = np.full((2, 8, 8, 3), 90, np.uint8)
    assert overlay(frames, torch.zeros(2, 2, 2), mode, polarity).shape == frames.shape


def test_both_signs_share_a_scale() -> None:
    raw = torch.tensor([[[-1.0, 4.0]], [[-2.0, 1.0]]])
    assert balance(raw, "clip").flatten().tolist() == [-0.25, 1.0, -0.5, 0.25]
    assert balance(raw, "frame").flatten().tolist() == [-0.25, 1.0, -1.0, 0.5]
