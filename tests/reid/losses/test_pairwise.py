"""Distances between all clips of a batch."""

import pytest
import torch

from reid.losses.pairwise import pairwise_cosine, pairwise_euclidean
from tests.reid.losses.outputs import noise


def test_distances_equal_the_definition() -> None:
    embedding = noise(5, 3)
    expected = [[float((a - b).norm()) for b in embedding] for a in embedding]
    torch.testing.assert_close(pairwise_euclidean(embedding), torch.tensor(expected, dtype=torch.float64))


def test_cosines_equal_the_definition() -> None:
    embedding = noise(5, 3)
    expected = [[float(a @ b / a.norm() / b.norm()) for b in embedding] for a in embedding]
    torch.testing.assert_close(pairwise_cosine(embedding), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("apart", [1.0, 1e-2, 1e-4])
def test_close_clips_keep_distance_and_gradient_in_float32(apart: float) -> None:
    step = apart * noise(2048).float()
    pair = torch.stack([100 + step, torch.full((2048,), 100.0)]).requires_grad_()
    distance = pairwise_euclidean(pair)[0, 1]
    (gradient,) = torch.autograd.grad(distance, pair)
    exact = (pair[0] - pair[1]).detach()
    torch.testing.assert_close(distance.detach(), exact.norm(), rtol=1e-4, atol=0)
    torch.testing.assert_close(gradient[0], exact / exact.norm(), rtol=1e-3, atol=1e-5)


def test_identical_clips_are_at_zero_without_gradient() -> None:
    clip = noise(1, 2048).float()
    embedding = torch.cat([clip, clip, noise(1, 2048, seed=1).float()]).requires_grad_()
    distance = pairwise_euclidean(embedding)
    (gradient,) = torch.autograd.grad(distance[0, 1] + distance.diagonal().sum(), embedding)
    assert distance[0, 1] == 0
    assert distance.diagonal().abs().max() == 0
    assert gradient.abs().max() == 0


def test_gradient() -> None:
    embedding, factors = noise(5, 3).requires_grad_(), noise(5, 5, seed=1)  # not symmetric
    assert torch.autograd.gradcheck(lambda clips: pairwise_euclidean(clips) * factors, (embedding,))
