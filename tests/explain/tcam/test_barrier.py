"""The extended log barrier and the areas, against hand numbers."""

import pytest
import torch

from explain.tcam.barrier import ExtendedLogBarrier
from explain.tcam.size import size_loss
from reid.errors import InputError


@pytest.mark.parametrize(
    ("t", "excess", "expected"),
    [
        (1, -1, 0),
        (1, 0, 1),
        (1, 1, 2),
        (2, -0.25, 0.693147),
        (2, 0, 1.193147),
        (10, -0.01, 0.460517),
        (10, 0, 0.560517),
        (1, -1003.52, -6.911269),
        (1, -25088, -10.130145),
    ],
)
def test_hand_numbers(t: float, excess: float, expected: float) -> None:
    barrier = ExtendedLogBarrier(start=t)
    assert barrier(torch.tensor([excess], dtype=torch.float64)).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("t", [1.0, 2.0, 7.5])
def test_it_is_smooth_at_the_joint_and_finite_everywhere(t: float) -> None:
    joint = -1 / t**2
    values = torch.tensor([joint - 1e-7, joint + 1e-7, -1e-300, 0, 1e6], dtype=torch.float64).requires_grad_()
    each = torch.stack([ExtendedLogBarrier(start=t)(value) for value in values])
    (slope,) = torch.autograd.grad(each.sum(), values)
    assert each.isfinite().all()
    assert slope.isfinite().all()
    assert each[0].item() == pytest.approx(each[1].item(), abs=1e-5)
    torch.testing.assert_close(slope, torch.full_like(slope, t), rtol=1e-4, atol=0)


@pytest.mark.parametrize("area", [5.0, 1003.52, 25088.0])
@pytest.mark.parametrize("t", [1.0, 4.0])
def test_the_pull_on_an_area_is_one_over_t_whatever_its_size(area: float, t: float) -> None:
    grown = torch.tensor(area, dtype=torch.float64).requires_grad_()
    (slope,) = torch.autograd.grad(ExtendedLogBarrier(start=t)(-grown), grown)
    assert slope.item() * area == pytest.approx(-1 / t)


def test_it_grows_steeper_from_epoch_to_epoch_up_to_the_ceiling() -> None:
    barrier = ExtendedLogBarrier()
    seen = []
    for _ in range(240):
        seen.append(barrier.t.item())
        barrier.end_epoch()
    assert seen[0] == 1.0
    assert seen[100] == pytest.approx(2.704814, abs=1e-5)
    assert next(epoch for epoch, t in enumerate(seen) if t == 10) == 232


def test_a_checkpoint_brings_the_epoch_back_in_half_precision_too() -> None:
    barrier = ExtendedLogBarrier().half()
    for _ in range(100):
        barrier.end_epoch()
    resumed = ExtendedLogBarrier()
    resumed.load_state_dict(barrier.state_dict())
    assert resumed.t.item() == pytest.approx(2.704814, abs=1e-5)


@pytest.mark.parametrize("size", [(224, 224), (256, 128), (7, 9)])
def test_size_loss_of_two_halves(size: tuple[int, int]) -> None:
    half = torch.full((3, 2, *size), 0.5)
    assert 0.01 * size_loss(half, ExtendedLogBarrier()).item() == pytest.approx(-0.101301, abs=1e-6)


def test_size_loss_is_the_mean_over_pictures_and_regions() -> None:
    probability = torch.rand(3, 2, 224, 224, generator=torch.Generator().manual_seed(0)).softmax(1)
    barrier = ExtendedLogBarrier(start=2)
    expected = [barrier(-probability[b, k].sum()) for b in range(3) for k in range(2)]
    assert size_loss(probability, barrier).item() == pytest.approx(torch.stack(expected).mean().item(), rel=1e-5)


def test_the_smaller_area_is_pushed_up() -> None:
    logits = torch.tensor([3.0, -3.0]).view(1, 2, 1, 1).repeat(1, 1, 8, 8).requires_grad_()
    (gradient,) = torch.autograd.grad(size_loss(logits.softmax(1), ExtendedLogBarrier()), logits)
    assert (gradient[:, 1] < 0).all()
    assert (gradient[:, 0] > 0).all()


def test_a_barrier_that_would_soften_is_refused() -> None:
    for wrong in ({"start": 0.0}, {"start": 11.0}, {"factor": 0.9}):
        with pytest.raises(InputError, match="ceiling"):
            ExtendedLogBarrier(**wrong)
