"""The weights of the frames."""

import pytest
import torch

from explain.attention import TemporalAttention
from explain.cam import OriginalCAM
from explain.reader import explain_all
from explain.targets import ClassLogit
from reid.errors import InputError
from tests.explain.attention.nets import SIZE, built
from tests.toys import FrameNet, TinyNet, pixels, random_model


def test_they_are_the_softmax_of_the_scores_and_sum_to_one() -> None:
    model, clips = random_model(FrameNet()), pixels(frames=5)
    raw = TemporalAttention()(model, clips, ClassLogit(0))
    torch.testing.assert_close(raw[:, :, 0, 0], model(clips).features.attention_scores.softmax(1).detach())
    torch.testing.assert_close(raw.sum((1, 2, 3)), torch.ones(2))
    assert raw.std(dim=1).min() > 1e-3


def test_they_are_those_of_the_exact_map() -> None:
    """Where all frames are alike, the evidence of each is its weight."""
    model, clips = random_model(FrameNet()), pixels(frames=1).expand(-1, -1, 4, -1, -1)
    maps = explain_all(model, clips, {"when": TemporalAttention(), "where": OriginalCAM()}, {"0": ClassLogit(0)})["0"]
    evidence = maps["where"].sum((2, 3))
    torch.testing.assert_close(maps["when"][:, :, 0, 0], evidence / evidence.sum(1, keepdim=True), rtol=1e-4, atol=1e-5)


def test_a_temporal_head_on_a_transformer() -> None:
    assert TemporalAttention()(built("vit"), pixels(1, 3, SIZE), ClassLogit(0)).shape == (1, 3, 1, 1)


def test_a_mean_over_the_frames_is_none() -> None:
    with pytest.raises(InputError, match=r"^TinyNet joins its frames without a temporal attention; .* ResNetTA$"):
        TemporalAttention()(random_model(TinyNet()), pixels(), ClassLogit(0))
