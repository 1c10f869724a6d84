"""Center loss and the way its centers move."""

import pytest
import torch
from torch import Tensor, nn

from reid.losses import CenterLoss
from tests.reid.losses.outputs import noise, output_of

PERSONS = torch.tensor([0, 0, 1, 3, 3, 3])


def test_numbers_computed_by_hand() -> None:
    loss = CenterLoss(1, 2)
    loss.centers.zero_()
    value = loss(output_of(torch.eye(2)), torch.tensor([0, 0]))
    assert value.item() == 1
    assert loss.centers.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("weight", [1.0, 0.0005])
@pytest.mark.parametrize("rate", [0.5, 0.1])
def test_moves_as_stochastic_gradient_descent_without_the_weight(weight: float, rate: float) -> None:
    loss = CenterLoss(4, 3, weight=weight, rate=rate).double()
    centers = nn.Parameter(loss.centers.clone())
    optimizer = torch.optim.SGD([centers], lr=rate)
    for step in range(5):
        embedding, person = noise(6, 3, seed=step), PERSONS[torch.randperm(6, generator=torch.Generator())]
        expected = weight * (embedding - centers[person]).square().sum(1).mean()
        centers.grad = torch.autograd.grad(expected, centers)[0] / weight
        optimizer.step()
        value = loss.weight * loss(output_of(embedding), person)
        torch.testing.assert_close(value, expected.detach(), rtol=1e-12, atol=0)
        torch.testing.assert_close(loss.centers, centers.detach(), rtol=1e-12, atol=1e-15)


def test_a_person_moves_by_its_share_of_the_batch() -> None:
    loss, embedding = CenterLoss(4, 3).double(), noise(6, 3)
    before = loss.centers.clone()
    loss(output_of(embedding), PERSONS)
    for person in range(4):
        clips = embedding[person == PERSONS]
        expected = before[person]
        if len(clips):
            expected = expected + len(clips) / 6 * (clips.mean(0) - expected)
        torch.testing.assert_close(loss.centers[person], expected)


def test_evaluation_moves_nothing() -> None:
    loss = CenterLoss(4, 3).eval()
    before = loss.centers.clone()
    loss(output_of(noise(6, 3)), PERSONS)
    assert torch.equal(loss.centers, before)


def test_equals_the_definition_in_loops() -> None:
    loss, embedding = CenterLoss(4, 3).double().eval(), noise(6, 3)
    pairs = zip(embedding, PERSONS.tolist(), strict=True)
    expected = sum(float(((clip - loss.centers[person]) ** 2).sum()) for clip, person in pairs) / 6
    assert loss(output_of(embedding), PERSONS).item() == pytest.approx(expected, rel=1e-12)


def test_what_holds_the_centers_keeps_those_of_its_step() -> None:
    loss, embedding = CenterLoss(4, 3).double(), noise(6, 3).requires_grad_()
    held = loss.centers
    before = held.clone()
    other = (embedding @ held.T).square().sum()  # needs the centers again in its backward pass
    value = loss(output_of(embedding), PERSONS)
    torch.autograd.grad(other + value, embedding)
    assert torch.equal(held, before)
    assert not torch.equal(loss.centers, before)


def test_centers_are_drawn_from_the_seed_and_kept_in_the_state() -> None:
    state = torch.random.get_rng_state()
    loss = CenterLoss(400, 50, seed=3)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(loss.centers, CenterLoss(400, 50, seed=3).centers)
    assert not torch.equal(loss.centers, CenterLoss(400, 50, seed=4).centers)
    assert loss.centers.mean().abs() < 0.02
    assert loss.centers.std().item() == pytest.approx(1, abs=0.02)
    assert list(loss.state_dict()) == ["centers"]
    assert not list(loss.parameters())


def test_centers_stay_in_their_precision_and_follow_the_state() -> None:
    loss = CenterLoss(4, 3)
    loss(output_of(noise(6, 3)), PERSONS)
    assert loss.centers.dtype == torch.float32
    other = CenterLoss(4, 3, seed=1)
    other.load_state_dict(loss.state_dict())
    moved: Tensor = other.centers
    assert torch.equal(moved, loss.centers)
