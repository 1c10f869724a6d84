"""What stands where something is removed."""

import math

import pytest
import torch

from explain.metrics.baseline import Blur, mean_colour
from tests.toys import pixels


def test_the_mean_colour_is_zero_in_normalised_pixels() -> None:
    clips = pixels()
    assert torch.equal(mean_colour(clips), torch.zeros(2, 3, 4, 16, 8))


@pytest.mark.parametrize("sigma", [0.7, 3.0, 20.0])
def test_blurring_as_a_loop(sigma: float) -> None:
    frame = pixels(1, 1, (5, 7))[0, :, 0]
    expected = torch.zeros_like(frame)
    for row in range(5):
        for column in range(7):
            weight = torch.tensor(
                [[math.exp(-((row - i) ** 2 + (column - j) ** 2) / (2 * sigma**2)) for j in range(7)] for i in range(5)]
            )
            expected[:, row, column] = (weight * frame).sum((1, 2)) / weight.sum()
    torch.testing.assert_close(Blur(sigma)(frame[None, :, None])[0, :, 0], expected)


def test_frames_are_blurred_one_by_one_and_a_plain_colour_stays_to_the_border() -> None:
    clips = pixels()
    together = Blur()(clips)
    assert torch.equal(together[:, :, 2:3], Blur()(clips[:, :, 2:3]))
    assert together.std((-1, -2)).max() < 0.1
    torch.testing.assert_close(Blur()(torch.full((1, 3, 2, 40, 20), 0.7)), torch.full((1, 3, 2, 40, 20), 0.7))


def test_half_precision_is_blurred_in_float32() -> None:
    clips = pixels().bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = Blur(2.0)(clips)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, Blur(2.0)(clips.float()).bfloat16())
