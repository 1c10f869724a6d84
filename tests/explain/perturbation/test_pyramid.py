"""What is seen through masks."""

import pytest
import torch
from torch import Tensor

from explain.perturbation.pyramid import PYRAMIDS, BlurPyramid, Fade
from tests.toys import pixels

CLIPS = torch.tensor([0, 0, 1])


def blurred(frame: Tensor, sigma: float) -> Tensor:
    """A frame [H,W] under a Gaussian whose weights inside of the frame sum to 1."""
    rows, columns = (
        torch.exp(-((torch.arange(n)[:, None] - torch.arange(n)) ** 2) / (2 * sigma**2)) for n in frame.shape
    )
    return (rows / rows.sum(1, keepdim=True)) @ frame @ (columns / columns.sum(1, keepdim=True)).T


@pytest.mark.parametrize("name", PYRAMIDS)
def test_a_mask_of_ones_shows_the_clip(name: str) -> None:
    clips = pixels()
    seen = PYRAMIDS[name](clips)(torch.ones(3, 4, 16, 8), CLIPS)  # type: ignore[index]
    assert torch.equal(seen, clips[CLIPS])


def test_fading_is_multiplying() -> None:
    clips = pixels()
    masks = torch.rand(3, 4, 16, 8, generator=torch.Generator().manual_seed(1))
    assert torch.equal(Fade(clips)(masks, CLIPS), masks[:, None] * clips[CLIPS])


@pytest.mark.parametrize(("value", "level", "share"), [(0.0, 0, 0.0), (0.25, 1, 0.75), (3 / 7, 3, 0.0), (0.9, 6, 0.3)])
def test_blurring_goes_from_level_to_level(value: float, level: int, share: float) -> None:
    clips = pixels()
    seen = BlurPyramid(clips, sigma=4.0)(torch.full((3, 4, 16, 8), value), CLIPS)
    for copy, clip in zip(seen, clips[CLIPS], strict=True):
        lower, upper = (
            clip[1, 2] if number == 7 else blurred(clip[1, 2], 4 * (1 - number / 7)) for number in (level, level + 1)
        )
        torch.testing.assert_close(copy[1, 2], torch.lerp(lower, upper, share), rtol=0, atol=1e-5)


def test_blurring_by_20_pixels_is_the_default() -> None:
    clips = pixels()
    seen = BlurPyramid(clips)(torch.zeros(2, 4, 16, 8), torch.arange(2))
    torch.testing.assert_close(seen[1, 0, 3], blurred(clips[1, 0, 3], 20.0), rtol=0, atol=1e-5)


def test_there_is_a_gradient_wherever_levels_differ() -> None:
    """At 1 as well, where descents begin: towards the level below."""
    clips = pixels(1)
    pyramid = BlurPyramid(clips, sigma=4.0)
    for value, lower in ((1.0, 6), (0.5, 3)):
        masks = torch.full((1, 4, 16, 8), value, requires_grad=True)
        (slope,) = torch.autograd.grad(pyramid(masks, torch.tensor([0]))[:, 0].sum(), masks)
        expected = 7 * (pyramid.levels[lower + 1, 0] - pyramid.levels[lower, 0])
        torch.testing.assert_close(slope[0], expected)


@pytest.mark.parametrize("name", PYRAMIDS)
def test_the_network_sees_its_own_type(name: str) -> None:
    clips = pixels().bfloat16()
    assert PYRAMIDS[name](clips)(torch.rand(3, 4, 16, 8), CLIPS).dtype == torch.bfloat16  # type: ignore[index]


def test_borders_are_not_darkened() -> None:
    grey = torch.full((1, 3, 1, 40, 20), 0.5)
    torch.testing.assert_close(BlurPyramid(grey)(torch.zeros(1, 1, 40, 20), torch.tensor([0])), grey)
