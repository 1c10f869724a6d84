"""Augmentation that treats all frames of a clip alike."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from datasets.erasing import RandomErasing
from datasets.transforms import Augmentation, ColourJitter, _recolour, _shift
from reid.errors import InputError

STILL = torch.randint(0, 256, (1, 3, 24, 12), generator=torch.Generator().manual_seed(0)).byte().repeat(5, 1, 1, 1)
EVERYTHING = Augmentation(padding=4, colour=ColourJitter(), erasing=RandomErasing(1))


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def nothing_but(flip: float = 0.0, padding: int = 0) -> Augmentation:
    return Augmentation(flip=flip, padding=padding)


@pytest.mark.parametrize("seed", range(10))
def test_the_same_parameters_hit_every_frame(seed: int) -> None:
    frames, erased = EVERYTHING(STILL, seeded(seed))
    assert frames.shape == STILL.shape
    assert frames.dtype == torch.uint8
    assert (frames == frames[0]).all(), "a clip that stands still must stand still afterwards"
    assert not torch.equal(frames, STILL)
    assert erased.tolist() == [True] * 5


def test_the_generator_decides_everything() -> None:
    before, state = STILL.clone(), torch.get_rng_state()
    assert torch.equal(EVERYTHING(STILL, seeded(1))[0], EVERYTHING(STILL, seeded(1))[0])
    assert not torch.equal(EVERYTHING(STILL, seeded(1))[0], EVERYTHING(STILL, seeded(2))[0])
    assert torch.equal(STILL, before)
    assert torch.equal(state, torch.get_rng_state())


def test_nothing_is_nothing() -> None:
    frames, erased = nothing_but()(STILL, seeded(0))
    assert torch.equal(frames, STILL)
    assert erased.tolist() == [False] * 5


def test_flip_mirrors_the_whole_clip_as_often_as_asked() -> None:
    mirrored = [torch.equal(nothing_but(flip=0.3)(STILL, seeded(seed))[0], STILL.flip(-1)) for seed in range(400)]
    assert 0.22 < sum(mirrored) / 400 < 0.38
    assert torch.equal(nothing_but(flip=1)(STILL, seeded(0))[0], STILL.flip(-1))


def moved(frames: Tensor, down: int, right: int) -> Tensor:
    """Slow definition of a shift: what comes in from outside is black."""
    result = torch.zeros_like(frames)
    for row in range(frames.shape[2]):
        for column in range(frames.shape[3]):
            if 0 <= row - down < frames.shape[2] and 0 <= column - right < frames.shape[3]:
                result[:, :, row, column] = frames[:, :, row - down, column - right]
    return result


def test_shift_moves_by_up_to_the_padding_in_both_directions() -> None:
    expected = {
        (down, right): moved(STILL[:1], down, right).flatten().tolist() for down in (-1, 0, 1) for right in (-1, 0, 1)
    }
    seen = [_shift(STILL[:1], 1, seeded(seed)).flatten().tolist() for seed in range(100)]
    assert all(any(frames == shifted for frames in seen) for shifted in expected.values())
    assert all(frames in expected.values() for frames in seen)


def test_a_padding_larger_than_the_frame_is_allowed() -> None:
    assert _shift(STILL, 50, seeded(0)).shape == STILL.shape


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ((1.0, 1.0, 1.0), [10, 100, 200]),
        ((0.5, 1.0, 1.0), [5, 50, 100]),
        ((2.0, 1.0, 1.0), [20, 200, 255]),
        ((1.0, 0.0, 1.0), [84, 84, 84]),  # grey: .299 * 10 + .587 * 100 + .114 * 200 = 84.49
        ((1.0, 1.0, 0.0), [84, 84, 84]),
        ((1.0, 0.5, 1.0), [47, 92, 142]),
        ((1.0, 1.0, 0.5), [47, 92, 142]),
    ],
)
def test_colour_by_hand(factors: tuple[float, float, float], expected: list[int]) -> None:
    frames = torch.tensor([10, 100, 200], dtype=torch.uint8).view(1, 3, 1, 1).expand(2, 3, 4, 4)
    recoloured = _recolour(frames, *factors)
    assert (recoloured == recoloured[0, :, :1, :1]).all()
    assert (recoloured[0, :, 0, 0].int() - torch.tensor(expected)).abs().max() <= 1


def test_contrast_is_scaled_about_the_grey_of_the_whole_clip() -> None:
    frames = torch.stack([torch.full((3, 4, 4), value, dtype=torch.uint8) for value in (0, 200)])
    assert _recolour(frames, 1.0, 0.5, 1.0)[:, 0, 0, 0].tolist() == [50, 150]


def test_colour_of_zero_leaves_the_pixels() -> None:
    assert torch.equal(ColourJitter(0, 0, 0)(STILL, seeded(0)), STILL)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: Augmentation(flip=1.5), "flip: 1.5 given"),
        (lambda: Augmentation(padding=-1), "padding: -1 given"),
        (lambda: ColourJitter(contrast=-0.1), "contrast: -0.1 given"),
    ],
)
def test_values_out_of_range_are_mistakes(mistake: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        mistake()
