"""Boxes that cover a part of a clip."""

import pytest
import torch
from torch import Tensor

from datasets.erasing import RandomErasing
from reid.errors import InputError
from reid.preprocess import Preprocess

GREY = torch.full((8, 3, 32, 16), 7, dtype=torch.uint8)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def boxes(frames: Tensor) -> Tensor:
    """Where frames that were GREY differ from it. [T,H,W]."""
    return (frames != 7).any(1)


def test_same_covers_one_box_in_all_frames() -> None:
    frames, erased = RandomErasing(probability=1)(GREY, seeded(0))
    assert erased.all()
    assert boxes(frames)[0].any()
    assert (boxes(frames) == boxes(frames)[0]).all()


@pytest.mark.parametrize("seed", range(20))
def test_tube_covers_one_box_in_a_run_of_frames(seed: int) -> None:
    frames, erased = RandomErasing(probability=1, mode="tube")(GREY, seeded(seed))
    first, last = erased.nonzero().flatten()[[0, -1]].tolist()
    assert erased[first : last + 1].all()
    assert torch.equal(boxes(frames).flatten(1).any(1), erased)
    assert (boxes(frames)[erased] == boxes(frames)[first]).all()


def test_per_frame_decides_and_draws_for_each_frame() -> None:
    frames, erased = RandomErasing(mode="per_frame")(GREY, seeded(1))
    assert torch.equal(boxes(frames).flatten(1).any(1), erased)
    assert 0 < erased.sum() < 8
    assert len({tuple(box.flatten().tolist()) for box in boxes(frames)[erased]}) == erased.sum()


@pytest.mark.parametrize("mode", ["same", "tube", "per_frame"])
def test_each_box_is_a_rectangle_within_the_ranges(mode: str) -> None:
    erasing = RandomErasing(1, area=(0.05, 0.2), aspect=(0.5, 2.0), mode=mode)  # type: ignore[arg-type]
    for seed in range(50):
        frames, erased = erasing(GREY, seeded(seed))
        for box in boxes(frames)[erased]:
            height, width = box.any(1).sum().item(), box.any(0).sum().item()
            assert box.sum() == height * width
            assert 0.035 < height * width / (32 * 16) < 0.24
            assert 0.35 < height / width < 2.8


def test_boxes_reach_every_border() -> None:
    covered = torch.stack([boxes(RandomErasing(1)(GREY, seeded(seed))[0])[0] for seed in range(300)]).any(0)
    assert all(border.any() for border in (covered[0], covered[-1], covered[:, 0], covered[:, -1]))


def test_probability_is_how_often_a_clip_is_erased() -> None:
    erased = [bool(RandomErasing(0.3)(GREY, seeded(seed))[1].any()) for seed in range(400)]
    assert 0.22 < sum(erased) / 400 < 0.38
    assert not RandomErasing(0)(GREY, seeded(0))[1].any()


def test_the_default_fill_is_zero_after_imagenet_normalisation() -> None:
    frames, _ = RandomErasing(1)(GREY, seeded(0))
    pixels = Preprocess(size=(32, 16))(frames.transpose(0, 1)[None])  # [1,3,T,H,W]
    filled = boxes(frames)[None, None].expand_as(pixels)
    assert pixels[filled].abs().max() < 0.01


def test_the_argument_is_not_changed_and_the_global_generator_not_used() -> None:
    before, state = GREY.clone(), torch.get_rng_state()
    frames, _ = RandomErasing(1)(GREY, seeded(3))
    assert torch.equal(frames, RandomErasing(1)(GREY, seeded(3))[0])
    assert torch.equal(GREY, before)
    assert torch.equal(state, torch.get_rng_state())


def test_a_box_that_can_never_fit_leaves_the_clip_whole() -> None:
    frames, erased = RandomErasing(1, area=(0.9, 1.0), aspect=(9.0, 9.0))(GREY, seeded(0))
    assert not erased.any()
    assert torch.equal(frames, GREY)


def test_values_out_of_range_are_mistakes() -> None:
    with pytest.raises(InputError, match="probability: 2 given"):
        RandomErasing(probability=2)
    with pytest.raises(InputError, match="area: "):
        RandomErasing(area=(0.4, 0.02))
    with pytest.raises(InputError, match="aspect: "):
        RandomErasing(aspect=(0.0, 3.0))
    with pytest.raises(InputError, match="fill: "):
        RandomErasing(fill=(0, 0, 256))
