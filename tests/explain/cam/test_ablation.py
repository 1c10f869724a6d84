"""Forward passes without some channels, and when they can be saved."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from explain.cam.ablation import channel_places
from explain.cam.ablationcam import AblationCAM
from explain.targets import ClassLogit, MeanReference, PairSimilarity, RunnerUp, Target
from reid.types import Features
from tests.explain.cam.copies import forwards_of
from tests.toys import FrameNet, Pixels, TokenNet, pixels, random_model


class Mean(Pixels):
    """The pixels are the map, and there is something above it."""

    def __init__(self) -> None:
        super().__init__(3)
        self.above = nn.Identity()

    @override
    def forward(self, pixels: Tensor) -> Features:
        features = super().forward(pixels)
        return features._replace(embedding=self.above(features.embedding))


TARGETS: dict[str, tuple[Target, bool]] = {
    "logit": (ClassLogit(0), True),
    "predicted": (ClassLogit(), True),
    "finer": (RunnerUp(), True),
    "references": (MeanReference(), True),
    "dot": (PairSimilarity(torch.tensor([1.0, -2.0, 3.0]), kind="dot"), True),
    "cosine": (PairSimilarity(torch.tensor([1.0, -2.0, 3.0])), False),  # its gradient is that of an affine score
    "distance": (PairSimilarity(torch.tensor([1.0, -2.0, 3.0]), kind="neg_l2"), False),
    "square": (lambda output: output.logits[:, 0] ** 2, False),
    "softplus": (lambda output: F.softplus(output.logits[:, 0]), False),
    "rank": (lambda output: (output.logits > output.logits[:, :1]).sum(1), False),  # without a gradient
}


@pytest.mark.parametrize("name", TARGETS)
def test_no_forward_for_each_channel_where_and_only_where_shares_add_up(name: str) -> None:
    target, affine = TARGETS[name]
    model, clips = random_model(Mean()), pixels(1)
    above = forwards_of(model.backbone.get_submodule("above"))
    AblationCAM()(model, clips, target)
    trials = [1, 2, 7]  # the clip; where to part; 3 channels and 4 halves of them
    assert above == (trials if affine else [*trials, 3])


def test_attention_that_looks_at_the_map_does_not_add_up() -> None:
    model, clips = random_model(FrameNet()), pixels(1)
    above = forwards_of(model.neck)
    AblationCAM(batch_size=4)(model, clips, ClassLogit(0))
    assert above == [1, 2, 4, 4, 4, 2]


def test_below_the_layer_one_clip_runs_for_a_whole_batch() -> None:
    model, clips = random_model(TokenNet(width=16)), pixels(1)
    below, above = forwards_of(model.backbone.get_submodule("patches")), forwards_of(model.neck)
    AblationCAM(batch_size=5)(model, clips, ClassLogit(0))
    assert set(below) == {1}
    assert above == [1, 2, 5, 3, 5, 5, 5, 1]


def test_class_tokens_are_left_alone() -> None:
    backbone = TokenNet()
    places = channel_places(backbone, torch.Size([1, 17, 8]), torch.Size([1, 3, 4, 16, 8]))
    assert places.shape == (8, 16)
    assert places.min() == 8  # the class token stands in front
    assert (places % 8 == torch.arange(8)[:, None]).all()
