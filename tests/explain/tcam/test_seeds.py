"""Seeds: where they may lie, how many there are, and what is learned from them."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from explain.tcam.border import border
from explain.tcam.region import region
from explain.tcam.seed_loss import seed_loss
from explain.tcam.seeds import IGNORE, Seeds, draw, highest, portion
from explain.tcam.square import widened
from reid.errors import InputError


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blobs(pictures: int = 3, height: int = 32, width: int = 24) -> Tensor:
    """Maps of 0..1 with a warm place each, [B,H,W]."""
    row, column = torch.arange(height)[:, None], torch.arange(width)
    cams = [torch.exp(-((row - 9 - 4 * k) ** 2 + (column - 8 - 3 * k) ** 2) / 40) for k in range(pictures)]
    noisy = torch.stack(cams) + 0.1 * torch.rand(pictures, height, width, generator=rng(9))
    low, high = noisy.amin((1, 2), keepdim=True), noisy.amax((1, 2), keepdim=True)
    return (noisy - low) / (high - low)


def test_as_many_pixels_are_drawn_as_are_asked_for() -> None:
    target = Seeds(7, 5, side=1)(blobs(), rng())
    assert target.dtype == torch.long
    assert target.shape == (3, 32, 24)
    assert (target == 1).sum((1, 2)).tolist() == [7] * 3
    assert (target == 0).sum((1, 2)).tolist() == [5] * 3
    assert (target == IGNORE).sum() == target.numel() - 36


def test_seeds_lie_where_their_kind_may() -> None:
    cams = blobs()
    inside = region(cams)
    for seed in range(20):
        target = Seeds(20, 20, side=1)(cams, rng(seed))
        for cam, own, warm in zip(cams, target, inside, strict=True):
            assert warm[own == 1].all()
            assert (cam[own == 1] >= cam[warm].sort(descending=True).values[int(0.6 * warm.sum()) - 1]).all()
            assert (cam[own == 0] <= cam.flatten().sort().values[int(0.1 * cam.numel()) - 1]).all()


def test_every_candidate_is_drawn_in_time_and_no_other() -> None:
    cams = blobs(1, 8, 8)
    subject, ground = Seeds().candidates(cams)
    drawn = Seeds(2, 2, side=1)(cams.expand(300, -1, -1), rng())
    assert torch.equal((drawn == 1).any(0), subject[0])
    assert torch.equal((drawn == 0).any(0), ground[0])


def test_equal_pixels_have_equal_chances_wherever_they_are() -> None:
    cam = torch.zeros(1, 10, 10)
    cam[0, 4:6, 4:6] = 1.0
    _, ground = Seeds().candidates(cam)
    assert ground.sum() == 96  # not the first ten of them


def test_seeds_are_widened_and_dropped_where_they_meet() -> None:
    cam = torch.zeros(1, 1, 12)
    cam[0, 0, 6:] = 1.0
    for seed in range(10):
        target = Seeds(6, 6, top=1.0, lowest=0.5)(cam, rng(seed))
        assert target.flatten().tolist() == [0] * 5 + [IGNORE] * 2 + [1] * 5
    small, wide = (Seeds(2, 2, side=side)(blobs(), rng(3)) for side in (1, 3))
    first, second = (widened(small == kind, 3) for kind in (1, 0))
    assert torch.equal(wide == 1, first & ~second)
    assert torch.equal(wide == 0, second & ~first)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("kind", ["all", "largest", "high_density"])
def test_a_constant_map_gives_no_seeds_and_no_loss(value: float, kind: str) -> None:
    cams = torch.cat([torch.full((1, 32, 24), value), blobs(1)])
    seeds = Seeds(region=kind)  # type: ignore[arg-type]
    target = seeds(cams, rng())
    assert (target[0] == IGNORE).all()
    assert (target[1] != IGNORE).any()
    logits = torch.randn(1, 2, 32, 24, generator=rng()).requires_grad_()
    loss = seed_loss(logits, target[:1])
    assert loss.item() == 0.0
    (gradient,) = torch.autograd.grad(loss, logits)
    assert not gradient.any()


def test_weighted_draws_are_in_proportion_to_the_map() -> None:
    odds = torch.tensor([1.0, 2.0, 0.0, 5.0]).expand(4000, 1, 4)
    one = draw(odds, 1, rng()).float().mean((0, 1))
    torch.testing.assert_close(one, torch.tensor([1 / 8, 2 / 8, 0, 5 / 8]), atol=0.03, rtol=0)
    two = draw(odds, 2, rng()).float().mean((0, 1))
    first = 1 / 8 + 2 / 8 * 1 / 6 + 5 / 8 * 1 / 3  # drawn first, or second after another
    assert two[0].item() == pytest.approx(first, abs=0.03)
    assert draw(odds, 4, rng()).sum((1, 2)).eq(3).all()  # what has no chance is not drawn


def test_uniform_draws_ignore_the_map() -> None:
    cams = torch.zeros(4000, 1, 20)
    cams[..., 10:] = torch.linspace(0.55, 1, 10)
    for weighted in (True, False):
        drawn = Seeds(1, 0, top=1.0, side=1, weighted=weighted)(cams, rng()) == 1
        expected = cams[0, 0, 10:] / cams[0, 0, 10:].sum() if weighted else torch.full((10,), 0.1)
        torch.testing.assert_close(drawn.float().mean((0, 1))[10:], expected, atol=0.02, rtol=0)


def test_at_the_border_only_the_border_is_background() -> None:
    cams = blobs()
    edge = border(32, 24, cams.device)
    seeds = Seeds(5, 20, side=1, background_in="border")
    _, ground = seeds.candidates(cams)
    assert ground.sum((1, 2)).tolist() == [76] * 3  # int(0.1 * 32 * 24), as many as anywhere
    assert edge[ground.any(0)].all()
    for cam, own in zip(cams, ground, strict=True):
        assert cam[own].max() <= cam[edge & ~own].min()
    assert not (seeds(cams, rng()) == 0)[:, ~edge].any()


def test_erosion_keeps_seeds_off_the_edge_of_the_region() -> None:
    cams = blobs()
    plain, narrow = Seeds().candidates(cams)[0], Seeds(top=1.0, erosions=1, erosion_side=3).candidates(cams)[0]
    assert narrow.any()
    assert (widened(narrow, 3) & ~region(cams)).sum() == 0
    assert not Seeds(erosions=40).candidates(cams)[0].any()
    assert plain.any()


def test_the_same_generator_gives_the_same_seeds_and_touches_no_other() -> None:
    before = torch.get_rng_state()
    generator = rng()
    first, second = Seeds()(blobs(), generator), Seeds()(blobs(), generator)
    assert torch.equal(first, Seeds()(blobs(), rng()))
    assert not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)


def test_shares_are_rounded_down_by_their_decimals() -> None:
    counts = torch.arange(0, 60_000, 7)
    assert portion(counts, 0.6).tolist() == [6 * count // 10 for count in counts.tolist()]
    assert portion(torch.tensor([100]), 0.29).item() == 29
    assert int(0.29 * 100) == 28
    assert portion(torch.tensor([1000]), 1e-3).item() == 1


def test_the_highest_are_found_among_some() -> None:
    values = torch.rand(3, 5, 6, generator=rng())
    among = torch.rand(3, 5, 6, generator=rng(1)) < 0.5
    counts = torch.tensor([0, 4, 1])
    for value, some, count, found in zip(values, among, counts.tolist(), highest(values, among, counts), strict=True):
        expected = sorted(value[some].tolist(), reverse=True)[:count]
        assert sorted(value[found].tolist(), reverse=True) == expected
        assert some[found].all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_the_loss_is_the_mean_over_all_seeds_of_the_batch(dtype: torch.dtype) -> None:
    logits = torch.randn(2, 2, 4, 4, generator=rng()).to(dtype)
    target = torch.full((2, 4, 4), IGNORE)
    target[0, 0, 0], target[0, 1, 2], target[1, 3, 3] = 1, 0, 1
    places = [(0, 0, 0, 1), (0, 1, 2, 0), (1, 3, 3, 1)]
    losses = [-F.log_softmax(logits[b, :, r, c].double(), 0)[kind].item() for b, r, c, kind in places]
    with torch.autocast("cpu", torch.bfloat16):
        loss = seed_loss(logits, target)
    assert loss.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert loss.item() == pytest.approx(math.fsum(losses) / 3, rel=1e-6)


def test_what_cannot_be_is_refused() -> None:
    for wrong in ({"top": 0.0}, {"lowest": 1.5}, {"side": 2}, {"erosion_side": 4}, {"foreground": -1}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            Seeds(**wrong)
    for value in (-0.5, 1.5, math.nan):
        with pytest.raises(ValueError, match=r"0\.\.1"):
            Seeds()(torch.full((1, 2, 2), value), rng())
