"""Centers that other losses move: the published "CL centers"."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reid.errors import InputError
from reid.losses import CenterLoss, IdentityLoss, OSMLoss
from tests.reid.losses.outputs import noise, output_of

K, D = 5, 4
PERSONS = torch.tensor([0, 0, 1, 3, 3, 3])
OSM: dict[str, Any] = {"alpha": 2.84366, "balance": 0.58734, "sigma": 0.90478, "class_vectors": "centers"}
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}


def batch(step: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Inputs [6,3] of a network and their people, other ones in each step."""
    return noise(6, 3, seed=step, dtype=dtype), PERSONS[
        torch.randperm(6, generator=torch.Generator().manual_seed(step))
    ]


def network(dtype: torch.dtype = torch.float64) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Linear(3, D).to(dtype)


class Published:
    """The published training, written out: a second optimiser for the centers, their gradient divided by the weight."""

    def __init__(self, net: nn.Linear, centers: Tensor, weight: float) -> None:
        self.network, self.centers, self.weight = copy.deepcopy(net), nn.Parameter(centers.clone()), weight
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=0.05)
        self.optimizer_of_centers = torch.optim.SGD([self.centers], lr=0.5)

    def step(self, pixels: Tensor, person: Tensor) -> None:
        embedding = self.network(pixels)
        output = output_of(embedding, centers=self.centers)
        center = (embedding - self.centers[person]).square().sum(1).mean()
        self.optimizer.zero_grad()
        self.optimizer_of_centers.zero_grad()
        (IdentityLoss()(output, person) + OSMLoss(**OSM)(output, person) + self.weight * center).backward()
        self.optimizer.step()
        assert self.centers.grad is not None
        self.centers.grad *= 1 / self.weight
        self.optimizer_of_centers.step()


class Ours:
    """The same training with centers that follow."""

    def __init__(self, net: nn.Linear, center: CenterLoss, center_first: bool = False) -> None:
        self.network, self.center = copy.deepcopy(net), center
        terms = [IdentityLoss(), OSMLoss(**OSM)]
        self.losses = nn.ModuleList([center, *terms] if center_first else [*terms, center])
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=0.05)

    def backward(self, pixels: Tensor, person: Tensor, scale: float = 1.0) -> None:
        output = output_of(self.network(pixels), centers=self.center.lend())
        total = torch.stack([loss.weight * loss(output, person) for loss in self.losses]).sum()
        torch.autograd.backward(scale * total)
        self.center.follow()

    def step(self, pixels: Tensor, person: Tensor) -> None:
        self.optimizer.zero_grad()
        self.backward(pixels, person)
        self.optimizer.step()


def center_loss(weight: float = 0.0005, gain: float = 2000.0, dtype: torch.dtype = torch.float64) -> CenterLoss:
    return CenterLoss(K, D, weight, gain=gain).to(dtype)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("center_first", [False, True], ids=["center last", "center first"])
@pytest.mark.parametrize("weight", [0.0005, 0.02])
def test_equals_the_published_training_written_out(weight: float, center_first: bool, dtype: torch.dtype) -> None:
    center = center_loss(weight, 1 / weight, dtype)
    theirs = Published(network(dtype), center.centers, weight)
    ours = Ours(network(dtype), center, center_first)
    begin = center.centers.clone()
    for step in range(6):
        theirs.step(*batch(step, dtype))
        ours.step(*batch(step, dtype))
        for mine, other in ((center.centers, theirs.centers), (ours.network.weight, theirs.network.weight)):
            torch.testing.assert_close(mine, other, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    without = Ours(network(dtype), center_loss(weight, 0.0, dtype))
    for step in range(6):
        without.step(*batch(step, dtype))
    assert (center.centers - without.center.centers).abs().max() > 0.1 * (center.centers - begin).abs().max()


def test_numbers_computed_by_hand() -> None:
    center = CenterLoss(2, 2, weight=0.25, rate=0.5, gain=8.0)
    center.centers.zero_()
    output = output_of(torch.eye(2))
    total = (center.lend() * torch.tensor([[1.0, 2.0], [0.0, 3.0]])).sum() + 0.25 * center(output, torch.tensor([0, 0]))
    total.backward()
    assert center.centers.tolist() == [[0.5, 0.5], [0.0, 0.0]]  # moved by the clips so far
    center.follow()
    assert center.centers.tolist() == [[-3.5, -7.5], [0.0, -12.0]]


@pytest.mark.parametrize("scale", [0.25, 65536.0], ids=["accumulated", "half precision"])
def test_what_scales_the_total_loss_does_not_scale_the_move(scale: float) -> None:
    plain, scaled = (Ours(network(), center_loss()) for _ in range(2))
    for step in range(4):
        plain.backward(*batch(step))
        scaled.backward(*batch(step), scale)
    assert torch.equal(plain.center.centers, scaled.center.centers)


def test_a_gradient_is_followed_once() -> None:
    ours = Ours(network(), center_loss())
    ours.backward(*batch(0))
    moved = ours.center.centers
    ours.center.follow()
    assert ours.center.centers is moved


def test_a_gradient_that_overflows_moves_nothing() -> None:
    ours = Ours(network(), center_loss())
    output = output_of(ours.network(batch(0)[0]), centers=ours.center.lend())
    term = ours.center.weight * ours.center(output, PERSONS)
    before = ours.center.centers
    (term + torch.inf * OSMLoss(**OSM)(output, PERSONS)).backward()
    ours.center.follow()
    assert torch.equal(ours.center.centers, before)


def test_a_restored_training_goes_on_bit_for_bit() -> None:
    whole = Ours(network(), center_loss())
    for step in range(6):
        if step == 3:
            states = copy.deepcopy((whole.network.state_dict(), whole.center.state_dict()))
        whole.step(*batch(step))
    resumed = Ours(network(), CenterLoss(K, D, gain=2000.0, seed=9).double())
    resumed.network.load_state_dict(states[0])
    resumed.center.load_state_dict(states[1])
    for step in range(3, 6):
        resumed.step(*batch(step))
    assert torch.equal(resumed.center.centers, whole.center.centers)
    assert torch.equal(resumed.network.weight, whole.network.weight)


def test_the_state_is_that_of_a_loss_without_gain() -> None:
    ours = Ours(network(), center_loss())
    ours.step(*batch(0))
    assert list(ours.center.state_dict()) == ["centers"]
    assert not list(ours.center.parameters())
    ours.center.load_state_dict(CenterLoss(K, D).double().state_dict())


def test_without_gain_nothing_is_followed() -> None:
    center = CenterLoss(K, D).double()
    assert center.lend() is center.centers
    center(output_of(noise(6, D)), PERSONS)
    moved = center.centers
    center.follow()
    assert center.centers is moved


def test_evaluation_lends_without_a_gradient_and_moves_nothing() -> None:
    center = center_loss().eval()
    before = center.centers.clone()
    with torch.no_grad():
        output = output_of(noise(6, D), centers=center.lend())
        OSMLoss(**OSM)(output, PERSONS)
        center(output, PERSONS)
    assert not center.lend().requires_grad
    center.follow()
    assert torch.equal(center.centers, before)


def test_a_step_that_was_given_up_leaves_no_pull_behind() -> None:
    ours, fresh = (Ours(network(), center_loss()) for _ in range(2))
    OSMLoss(**OSM)(output_of(noise(6, D), centers=ours.center.lend()), PERSONS).backward()
    ours.step(*batch(0))
    fresh.step(*batch(0))
    assert torch.equal(ours.center.centers, fresh.center.centers)


def test_centers_that_no_term_reads_only_follow_their_clips() -> None:
    lent, plain = center_loss(), center_loss(gain=0.0)
    embedding = noise(6, D).requires_grad_()
    lent.lend()
    for center in (lent, plain):
        (0.0005 * center(output_of(embedding), PERSONS)).backward()
        center.follow()
    assert torch.equal(lent.centers, plain.centers)


def test_a_gain_without_a_weight_is_refused() -> None:
    with pytest.raises(InputError, match="give it a weight"):
        CenterLoss(K, D, weight=0.0, gain=2000.0)
