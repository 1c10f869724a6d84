"""The triplet of one clip is the triplet loss of one anchor."""

from typing import Literal

import pytest
import torch

from explain.targets import TripletMargin
from reid.losses.triplet import TripletLoss
from tests.explain.targets.answers import answer, gradient, vectors

ANCHOR = torch.zeros(1, 2)
NEAR, FAR = torch.tensor([3.0, 4.0]), torch.tensor([6.0, 8.0])  # 5 and 10 away


@pytest.mark.parametrize(
    ("positive", "negative", "margin", "score"),
    [
        (FAR, NEAR, 0.3, 5.3),
        (FAR, NEAR, "soft", 5.006715348),  # log(1 + e^5)
        (NEAR, FAR, 0.3, 0.0),
        (NEAR, FAR, "soft", 0.006715348),
        (NEAR, FAR, 7.0, 2.0),
    ],
)
def test_scores_by_hand(
    positive: torch.Tensor, negative: torch.Tensor, margin: float | Literal["soft"], score: float
) -> None:
    target = TripletMargin(positive, negative, margin)
    torch.testing.assert_close(target(answer(before_neck=ANCHOR)), torch.tensor([score]))


@pytest.mark.parametrize("margin", [0.3, 20.0, "soft"])
@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("feature", ["before_neck", "after_neck"])
def test_it_is_the_training_loss_of_an_anchor(
    margin: float | Literal["soft"],
    distance: Literal["euclidean", "cosine"],
    feature: Literal["before_neck", "after_neck"],
) -> None:
    batch = torch.stack([vectors(0), vectors(1), vectors(2)])
    loss = TripletLoss(margin=margin, distance=distance, feature=feature)
    leaf = batch.clone().requires_grad_()
    total = 3 * loss(answer(**{feature: leaf}), torch.tensor([0, 0, 1]))  # the mean over three anchors
    first = TripletMargin(batch[1], batch[2], margin, distance, feature)
    second = TripletMargin(batch[0], batch[2], margin, distance, feature)
    # The third is alone of its person, so it is no anchor.
    scores = [target(answer(**{feature: batch[i : i + 1]})) for i, target in enumerate((first, second))]
    torch.testing.assert_close(torch.stack(scores).sum(), total.detach())


def test_the_score_rises_where_the_clip_leaves_its_person() -> None:
    found = gradient(TripletMargin(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), "soft"), "before_neck", ANCHOR)
    assert found[0, 0] < 0 < found[0, 1]  # towards the positive it falls, towards the negative it rises


def test_the_clip_itself_as_positive_is_no_nan() -> None:
    found = gradient(TripletMargin(ANCHOR[0], NEAR, "soft"), "before_neck", ANCHOR)
    assert torch.isfinite(found).all()
    assert found.norm() > 0


def test_a_kept_margin_has_no_gradient() -> None:
    assert not gradient(TripletMargin(NEAR, FAR), "before_neck", ANCHOR).any()
