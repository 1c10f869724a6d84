"""Losses against the matrix products that they are made of.

    pytest benchmarks/test_losses.py -s

Forward and backward pass of a batch of 512 clips, 2,048 numbers each, of 128 of the 625 training people of MARS, on
one thread.
"""

import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from reid.losses import CenterLoss, CircleLoss, Loss, OSMLoss, TripletLoss, WeightedTripletLoss
from reid.types import Features, Output

CLIPS, WIDTH, PEOPLE = 512, 2048, 625


def seconds(forward: Callable[[], Tensor], inputs: tuple[Tensor, ...], rounds: int = 5) -> float:
    """Processor time of one forward and backward pass, the fastest of some."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        torch.autograd.grad(forward(), inputs, allow_unused=True)
        times.append(time.process_time() - started)
    return min(times)


def among_clips(embedding: Tensor, vectors: Tensor) -> Tensor:  # noqa: ARG001 - one signature for all
    return (embedding @ embedding.T).sum()


def with_classes(embedding: Tensor, vectors: Tensor) -> Tensor:
    return (embedding @ vectors.T).sum()


def both(embedding: Tensor, vectors: Tensor) -> Tensor:
    return among_clips(embedding, vectors) + with_classes(embedding, vectors)


@pytest.mark.parametrize(
    ("loss", "product"),
    [
        (TripletLoss(), among_clips),
        (TripletLoss(distance="cosine"), among_clips),
        (WeightedTripletLoss(), among_clips),
        (CircleLoss(), among_clips),
        (OSMLoss(), both),
        (CenterLoss(PEOPLE, WIDTH), with_classes),
    ],
    ids=["batch-hard triplet", "cosine triplet", "weighted triplet", "circle", "OSM-CAA", "center"],
)
def test_at_most_twice_the_matrix_product(
    loss: Loss, product: Callable[[Tensor, Tensor], Tensor], request: pytest.FixtureRequest
) -> None:
    torch.set_num_threads(1)
    draw = torch.Generator().manual_seed(0)
    embedding, vectors = (torch.randn(count, WIDTH, generator=draw).requires_grad_() for count in (CLIPS, PEOPLE))
    person = torch.arange(CLIPS) // 4
    output = Output(embedding, embedding[:, :PEOPLE], embedding, embedding, vectors, Features(embedding, embedding))
    inputs = (embedding, vectors)
    slow = seconds(lambda: product(embedding, vectors), inputs)
    ours = seconds(lambda: loss(output, person), inputs)
    name = request.node.callspec.id
    print(f"\n{name}: {1000 * ours:.0f} ms, its product {1000 * slow:.0f} ms, ratio {ours / slow:.2f}", end="")
    assert ours < 2 * slow
