"""Few groups of channels stand for all."""

import pytest
import torch
from torch.nn import functional as F

from explain.cam.clusters import agreement, spherical_kmeans
from explain.cam.scorecam import ScoreCAM, Weighting, masks_of
from explain.guard import guard
from explain.recording import record
from explain.targets import ClassLogit
from tests.explain.cam.copies import forwards_of, norm01
from tests.toys import TinyNet, pixels, random_model


def test_as_many_groups_as_channels_are_all_channels() -> None:
    model, clips = random_model(TinyNet()), pixels()
    for groups in (6, 9):
        assert torch.equal(
            ScoreCAM(channels=groups)(model, clips, ClassLogit(0)), ScoreCAM()(model, clips, ClassLogit(0))
        )


@pytest.mark.parametrize("weighting", ["softmax", "raw", "minmax"])
def test_each_channel_has_the_score_of_its_group(weighting: Weighting) -> None:
    model, clip = random_model(TinyNet()), pixels(1)
    forwards = forwards_of(model)
    raw = ScoreCAM(channels=3, weighting=weighting)(model, clip, ClassLogit(2))
    assert forwards == [1, 4]  # the zero mask besides the three
    with guard(model):
        activation = record(model, clip, "last").activation[0]
    masks = torch.stack([norm01(channel) for channel in activation])
    different, rows = torch.unique(masks.flatten(1), dim=0, return_inverse=True)
    groups = spherical_kmeans(different, 3)
    scores = []
    with torch.no_grad():
        for channel in range(6):
            members = masks[groups[rows] == groups[rows[channel]]]
            mask = F.interpolate(norm01(members.mean(0))[None, None], clip.shape[2:], mode="trilinear")
            scores.append(model(mask * clip).logits[0, 2] - model(0 * clip).logits[0, 2])
    weights = torch.stack(scores)
    weights = {"softmax": weights.softmax(0), "raw": weights, "minmax": norm01(weights)}[weighting]
    torch.testing.assert_close(raw[0], torch.einsum("k,kthw->thw", weights, activation), rtol=1e-4, atol=1e-5)


def test_constant_channels_stay_by_themselves() -> None:
    maps = torch.rand(5, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    maps[1] = 7.0
    masks, owners = masks_of(maps, 2)
    assert masks.shape == (3, 2, 3, 3)
    assert (owners == 0).tolist() == [False, True, False, False, False]
    assert not masks[0].any()
    assert masks[1:].amax((1, 2, 3)).tolist() == [1.0, 1.0]


def test_groups_of_directions_are_found_whatever_the_lengths() -> None:
    generator = torch.Generator().manual_seed(1)
    directions = torch.eye(4, 8)[torch.arange(40) % 4]
    vectors = (directions + 0.05 * torch.rand(40, 8, generator=generator)) * (
        0.1 + 9 * torch.rand(40, 1, generator=generator)
    )
    groups = spherical_kmeans(vectors, 4)
    assert [len(set(groups[i::4].tolist())) for i in range(4)] == [1] * 4
    assert len(set(groups.tolist())) == 4
    state = torch.get_rng_state()
    assert torch.equal(spherical_kmeans(vectors, 4), groups)
    assert torch.equal(torch.get_rng_state(), state)


def test_more_groups_than_directions_leave_some_empty() -> None:
    vectors = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    groups = spherical_kmeans(vectors, 3)
    assert groups[0] == groups[1] != groups[2]


def test_few_groups_of_look_alikes_give_nearly_the_full_map() -> None:
    """64 channels that are noisy copies of 4 patterns."""
    model = random_model(TinyNet(width=64))
    generator = torch.Generator().manual_seed(0)
    weight = model.backbone.get_parameter("last.weight").data
    weight.copy_(weight[torch.arange(64) % 4] + 0.02 * torch.randn(weight.shape, generator=generator))
    clips = pixels()
    method = ScoreCAM(weighting="minmax")
    full = method(model, clips, ClassLogit(0))
    fewer = ScoreCAM(weighting="minmax", channels=8)(model, clips, ClassLogit(0))
    assert agreement(full, fewer).min() > 0.99


def test_agreement_is_each_clips_own() -> None:
    full, fewer = torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(0)), torch.zeros(3, 2, 4, 4)
    fewer[0], fewer[1], fewer[2] = 2 * full[0] + 5, -full[1], full[2].flip(0)
    expected = torch.corrcoef(torch.stack([full[2].flatten(), fewer[2].flatten()]))[0, 1].item()
    assert agreement(full, fewer).tolist() == pytest.approx([1.0, -1.0, expected], abs=1e-5)
