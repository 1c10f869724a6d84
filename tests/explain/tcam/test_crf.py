"""The dense CRF against a loop over all pairs, hand numbers and its own estimates."""

import math
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from explain.tcam import affinity
from explain.tcam.affinity import exact_sums, places, sampled_sums
from explain.tcam.columns import stratified
from explain.tcam.crf import EXACT_UP_TO, DenseCRF
from reid.errors import InputError

PUBLISHED = 100 / 224


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def scene(pictures: int = 2, height: int = 7, width: int = 5, classes: int = 2) -> tuple[Tensor, Tensor]:
    """Probabilities [N,K,H,W], and pixels [N,3,H,W] that vary as much as the colour kernel reaches."""
    generator = rng()
    pixels = 100 + 40 * torch.rand(pictures, 3, height, width, generator=generator)
    return (2 * torch.randn(pictures, classes, height, width, generator=generator)).softmax(1), pixels


def smooth(pictures: int = 2, side: int = 24) -> tuple[Tensor, Tensor]:
    """Probabilities and pixels that change slowly over the picture."""
    coarse, logits = torch.rand(pictures, 3, 4, 4, generator=rng()), torch.randn(pictures, 2, 3, 3, generator=rng(1))
    pixels = F.interpolate(255 * coarse, (side, side), mode="bilinear")
    return F.interpolate(2 * logits, (side, side), mode="bilinear").softmax(1), pixels


def slow_loss(probability: Tensor, pixels: Tensor, sigma_xy: float, sigma_rgb: float) -> float:
    """Compare every pixel with every pixel; sigma_xy in pixels."""
    pictures, _, height, width = probability.shape
    total = 0.0
    for picture in range(pictures):
        p, rgb = probability[picture].double(), pixels[picture].double()
        for (row, column), (down, right) in product(product(range(height), range(width)), repeat=2):
            apart = ((row - down) ** 2 + (column - right) ** 2) / sigma_xy**2
            unlike = (rgb[:, row, column] - rgb[:, down, right]).square().sum().item() / sigma_rgb**2
            total -= math.exp(-(apart + unlike) / 2) * (p[:, row, column] * p[:, down, right]).sum().item()
    return total / pictures / (height * width) ** 2


def response(crf: DenseCRF, probability: Tensor, pixels: Tensor) -> Tensor:
    """A (p_foreground - p_background)."""
    sums = crf.sums(probability, pixels, rng())
    return (sums[:, 1] - sums[:, 0]).flatten()


def test_two_pixels_by_hand() -> None:
    pixels = torch.zeros(1, 3, 1, 2, dtype=torch.float64)
    pixels[0, 0, 0, 1] = 15
    probability = torch.tensor([[[[0.25, 1.0]], [[0.75, 0.0]]]], dtype=torch.float64).requires_grad_()
    loss = DenseCRF("exact", sigma_xy=2)(probability, pixels, rng())  # the short side is one pixel
    assert loss.item() == pytest.approx(-0.473158, abs=1e-6)
    (gradient,) = torch.autograd.grad(loss, probability)
    expected = torch.tensor([[[[-0.3926, -0.5669]], [[-0.3750, -0.2007]]]], dtype=torch.float64)
    torch.testing.assert_close(gradient, expected, atol=5e-5, rtol=0)
    near = exact_sums(torch.tensor([[[0.0, 1.0]]]), places(pixels.float(), 2.0, 15.0))
    assert near[0, 0, 0].item() == pytest.approx(0.535261, abs=1e-6)


def quarters(upright: bool) -> Tensor:
    """Foreground on the left two columns of 4 x 4, or on the top two rows."""
    foreground = (torch.arange(4) < 2).float().expand(4, 4)
    probability = torch.stack([1 - foreground, foreground])[None]
    return probability if upright else probability.mT


@pytest.mark.parametrize(
    ("halved", "probability", "everywhere", "near"),
    [
        (False, torch.full((1, 2, 4, 4), 0.5), -0.5, -0.269804),
        (False, quarters(upright=True), -0.5, -0.340639),
        (True, quarters(upright=True), -0.5, -0.340639),
        (True, quarters(upright=False), -0.25, -0.215035),
        (True, torch.full((1, 2, 4, 4), 0.5), -0.25, -0.170319),
    ],
    ids=["grey, even", "grey, left", "halves, left", "halves, top", "halves, even"],
)
def test_sixteen_pixels_by_hand(halved: bool, probability: Tensor, everywhere: float, near: float) -> None:
    pixels = torch.full((1, 3, 4, 4), 128, dtype=torch.uint8)
    if halved:
        pixels[..., :2], pixels[..., 2:] = 255, 0
    for sigma, expected in ((1e6, everywhere), (PUBLISHED, near)):
        loss = DenseCRF("exact", sigma_xy=sigma)(probability, pixels, rng())
        assert loss.item() == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("classes", [1, 2, 3])
@pytest.mark.parametrize("pairs", [1, 100, 2**19])
def test_exact_is_the_loop_over_all_pairs(classes: int, pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(affinity.PAIRS, "cpu", pairs)
    probability, pixels = scene(classes=classes)
    expected = slow_loss(probability, pixels, 0.446 * 5, 15)
    assert DenseCRF("exact")(probability, pixels, rng()).item() == pytest.approx(expected, rel=1e-5)
    assert DenseCRF()(probability, pixels, rng()).item() == pytest.approx(expected, rel=1e-5)


def test_gradient_of_exact() -> None:
    probability, pixels = scene(2, 4, 3)
    crf = DenseCRF("exact")
    assert torch.autograd.gradcheck(
        lambda p: crf(p, pixels.double(), rng()), probability.double().requires_grad_(), fast_mode=False
    )
    half = DenseCRF("exact", scale=0.5)
    assert torch.autograd.gradcheck(lambda p: half(p, pixels.double(), rng()), probability.double().requires_grad_())


@pytest.mark.parametrize("mode", ["exact", "sampled"])
def test_the_gradient_is_twice_the_sums(mode: str) -> None:
    probability, pixels = scene()
    crf = DenseCRF(mode, columns=9)  # type: ignore[arg-type]
    (gradient,) = torch.autograd.grad(crf(probability.requires_grad_(), pixels, rng()), probability)
    sums = crf.sums(probability.detach(), pixels, rng())
    torch.testing.assert_close(gradient, -2 * sums / 2 / 35**2)


@pytest.mark.parametrize("size", [(7, 5), (12, 12), (16, 8), (3, 40)])
@pytest.mark.parametrize("columns", [1, 5, 16, 10_000])
def test_each_cell_of_the_grid_gives_one_pixel(size: tuple[int, int], columns: int) -> None:
    index, weight = stratified(size, columns, 4, rng())
    assert index.shape == (4, len(weight))
    assert len(weight) <= min(columns, size[0] * size[1])
    assert weight.sum() == size[0] * size[1]
    assert all(len(set(own.tolist())) == len(weight) for own in index)
    assert index.min() >= 0
    assert index.max() < size[0] * size[1]


def test_every_pixel_stands_for_one_in_the_long_run() -> None:
    index, weight = stratified((7, 5), 6, 4000, rng())
    mean = torch.zeros(4000, 35).scatter_(1, index, weight.float().expand(4000, -1)).mean(0)
    torch.testing.assert_close(mean, torch.ones(35), atol=0.2, rtol=0)


def test_all_columns_are_exact() -> None:
    probability, pixels = scene()
    every = DenseCRF("sampled", columns=35).sums(probability, pixels, rng())
    torch.testing.assert_close(every, DenseCRF("exact").sums(probability, pixels, rng()))


def test_sampled_sums_are_unbiased() -> None:
    probability, pixels = scene(1)
    place, flat = places(pixels, 2.0, 15.0), probability.flatten(2)
    exact = exact_sums(flat, place)
    drawn = sampled_sums(flat.expand(3000, -1, -1), place.expand(3000, -1, -1), *stratified((7, 5), 6, 3000, rng()))
    error = drawn.std(0) / math.sqrt(3000)
    assert ((drawn.mean(0) - exact[0]).abs() < 5 * error + 1e-6).all()
    assert (drawn.std(0) > 0).all()


def test_sampled_points_where_exact_does() -> None:
    probability, pixels = smooth(side=32)
    exact, sampled = (response(DenseCRF(mode, columns=256), probability, pixels) for mode in ("exact", "sampled"))
    assert torch.cosine_similarity(exact, sampled, dim=0) > 0.99


@pytest.mark.parametrize(("side", "lost"), [(8, 0.009), (16, 0.0023), (32, 0.0005)])
def test_the_mean_over_pairs_holds_at_twice_the_size(side: int, lost: float) -> None:
    generator = rng()
    pixels = 255 * torch.rand(4, 3, side, side, generator=generator)
    pixels = F.avg_pool2d(pixels, 3, 1, 1)
    probability = torch.randn(4, 2, side, side, generator=generator).softmax(1)
    once = DenseCRF("exact")(probability, pixels, rng())
    twice = DenseCRF("exact")(*(F.interpolate(one, scale_factor=2) for one in (probability, pixels)), rng())
    assert abs(twice / once - 1) < 3 * lost


def test_half_the_scale_is_the_loss_of_the_averaged_picture() -> None:
    probability, pixels = smooth()
    small = [F.avg_pool2d(one, 2) for one in (probability, pixels)]
    half = DenseCRF("exact", scale=0.5)(probability, pixels, rng())
    torch.testing.assert_close(half, DenseCRF("exact")(*small, rng()))


def test_auto_is_exact_for_small_pictures_alone() -> None:
    side = math.isqrt(EXACT_UP_TO)
    generator = rng()
    state = generator.get_state()
    probability, pixels = smooth(1, side)
    assert torch.equal(DenseCRF()(probability, pixels, generator), DenseCRF("exact")(probability, pixels, rng()))
    assert torch.equal(generator.get_state(), state)
    probability, pixels = smooth(1, side + 1)
    DenseCRF(columns=8)(probability, pixels, generator)
    assert not torch.equal(generator.get_state(), state)
    assert torch.equal(*(DenseCRF(columns=8)(probability, pixels, rng(1)) for _ in range(2)))


def test_float32_whatever_surrounds_it() -> None:
    probability, pixels = scene()
    expected = DenseCRF("exact")(probability, pixels, rng())
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", torch.bfloat16):
            found = DenseCRF("exact")(probability.requires_grad_(), pixels.to(torch.float32), rng())
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)
    assert DenseCRF("exact")(probability.detach().bfloat16(), pixels, rng()).dtype == torch.float32


def test_far_colours_cost_no_more_than_near_ones() -> None:
    values, far = torch.ones(1, 1, 64), torch.arange(64.0)[None, :, None] * torch.tensor([40.0, 0, 0, 0, 0])
    sums = exact_sums(values, far)
    torch.testing.assert_close(sums, values)  # the others are too far; nothing overflows or is nan


def test_colours_pull_and_edges_hold() -> None:
    """What gradient descent makes of a vague guess: a border where the colours change."""
    pixels = torch.zeros(1, 3, 16, 16)
    pixels[..., 9:] = 200
    guess = torch.linspace(-1, 1, 16).expand(1, 1, 16, 16)
    logits = torch.cat([-guess, guess], 1).clone().requires_grad_()
    for _ in range(60):
        (gradient,) = torch.autograd.grad(DenseCRF()(logits.softmax(1), pixels, rng()), logits)
        logits = (logits - 200 * gradient).detach().requires_grad_()
    assert torch.equal(logits[:, 1] > logits[:, 0], (torch.arange(16) >= 9).expand(1, 16, 16))


def test_what_cannot_be_is_refused() -> None:
    probability, pixels = scene()
    with pytest.raises(ValueError, match="same pictures"):
        DenseCRF()(probability, pixels[..., :-1], rng())
    for wrong in ({"columns": 0}, {"scale": 0.0}, {"scale": 2.0}, {"sigma_rgb": 0.0}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            DenseCRF(**wrong)


@pytest.mark.gpu
@pytest.mark.parametrize("mode", ["exact", "sampled"])
def test_a_gpu_agrees(mode: str) -> None:
    probability, pixels = smooth(2, 48)
    crf = DenseCRF(mode)  # type: ignore[arg-type]
    torch.set_float32_matmul_precision("medium")
    try:
        there = crf.sums(probability.cuda(), pixels.cuda(), rng()).cpu()
    finally:
        torch.set_float32_matmul_precision("highest")
    torch.testing.assert_close(there, crf.sums(probability, pixels, rng()), rtol=1e-4, atol=1e-3)
