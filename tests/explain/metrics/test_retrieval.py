"""Retrieval deletion: a query that loses its evidence loses its match."""

import pytest
import torch
from torch import Tensor

from explain.metrics.baseline import Blur
from explain.metrics.embed_deleted import embed_deleted
from explain.metrics.order import Unit, turns
from explain.metrics.retrieval import SHARES, RetrievalDeletion
from reid.errors import InputError
from reid.ranking import Labels, rank
from tests.toys import TinyNet, pixels, random_model, red_clip, red_model

LABELS = Labels(torch.arange(20) % 4, torch.arange(20) % 3)


def embeddings(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_every_share_is_ranked_as_a_query_of_its_own() -> None:
    gallery, queries = embeddings(20, 8), embeddings(5, 3, 8, seed=1)
    person, camera = torch.tensor([0, 1, 99, 2, 3]), torch.tensor([0, 1, 0, 2, 1])  # nobody is person 99
    shares = (0.0, 0.25, 0.5)
    metric = RetrievalDeletion(gallery, LABELS.person.tolist(), LABELS.camera.tolist(), shares)
    metric.update(queries[:2], person[:2], camera[:2])
    metric.update(queries[2:], person[2:], camera[2:])
    scores = metric.compute()
    precision, first = [], []
    for number in range(3):
        alone = rank(queries[:, number], gallery, Labels(person, camera), LABELS)
        precision.append(alone.mean_average_precision)
        first.append(alone.first_rank[alone.valid].double().mean().item() + 1)
    for number, percent in enumerate((0, 25, 50)):
        assert scores[f"ap_{percent}"].item() == pytest.approx(precision[number])
        assert scores[f"rank_{percent}"].item() == pytest.approx(first[number])
    assert scores["ap_area"].item() == pytest.approx((precision[0] + 2 * precision[1] + precision[2]) / 4)
    assert scores["rank_area"].item() == pytest.approx((first[0] + 2 * first[1] + first[2]) / 4)
    assert scores["dropped"] == 1


def test_the_areas_weigh_unequal_steps() -> None:
    metric = RetrievalDeletion(torch.eye(2), [7, 8], [1, 1], shares=(0.1, 0.2, 0.5))
    good, bad = torch.eye(2)
    metric.update(torch.stack([good, good, bad])[None], torch.tensor([7]), torch.tensor([0]))
    assert metric.compute()["ap_area"].item() == pytest.approx((0.1 * 1 + 0.3 * 0.75) / 0.4)


@pytest.mark.parametrize("unit", ["tubes", "voxels"])
def test_each_share_of_the_most_important_is_deleted(unit: Unit) -> None:
    model, clips, baseline = random_model(TinyNet()), pixels(2), Blur(2.0)
    raw = embeddings(2, 2, 4, 4)
    found = embed_deleted(model, clips, raw, unit=unit, baseline=baseline, batch_size=5)
    assert found.shape == (2, len(SHARES), 6)
    torch.testing.assert_close(found[:, 0], model(clips).embedding.detach(), rtol=1e-4, atol=1e-5)
    parts = 32 if unit == "tubes" else 512
    for clip in range(2):
        place = turns(raw[clip], (4, 16, 8), unit)
        for number, share in enumerate(SHARES):
            changed = clips[clip : clip + 1].clone()
            for voxel in (place < round(share * parts)).nonzero().tolist():
                changed[0, :, *voxel] = baseline(clips)[clip, :, *voxel]
            expected = model(changed).embedding[0].detach()
            torch.testing.assert_close(found[clip, number], expected, rtol=1e-4, atol=1e-5)


def test_a_perfect_map_loses_the_match_and_a_wrong_one_keeps_it() -> None:
    model, (clip, place) = red_model(), red_clip()
    grey = torch.full_like(clip, 0.6)
    gallery = torch.cat([model(grey).embedding, model(clip).embedding]).detach()
    areas = {}
    for name, raw in {"perfect": place, "wrong": ~place}.items():
        metric = RetrievalDeletion(gallery, [8, 7], [1, 1])
        queries = embed_deleted(model, clip, raw[None].float(), unit="voxels")
        metric.update(queries, torch.tensor([7]), torch.tensor([0]))
        scores = metric.compute()
        assert scores["rank_0"] == 1
        areas[name] = scores["ap_area"].item()
    assert areas["perfect"] == pytest.approx(0.5, abs=0.03)  # lost as soon as the red is gone
    assert areas["wrong"] == 1


def test_the_model_is_given_back_as_it_was() -> None:
    model, clips = random_model(TinyNet()).train(), pixels(2)
    before, state = clips.clone(), torch.get_rng_state()
    with torch.inference_mode():
        found = embed_deleted(model, clips * 1, embeddings(2, 2, 4, 4))
    assert torch.equal(found, embed_deleted(model.eval(), clips, embeddings(2, 2, 4, 4)))
    assert not found.requires_grad
    assert torch.equal(clips, before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("shares", [(0.1,), (0.2, 0.1), (0.1, 0.1)])
def test_shares_make_a_curve(shares: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="each larger than the one before"):
        RetrievalDeletion(torch.eye(2), [7, 8], [1, 1], shares)


@pytest.mark.parametrize("shape", [(2, 5, 2), (6, 2)])
def test_there_is_an_embedding_for_each_share(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\[B,6,D\]"):
        RetrievalDeletion(torch.eye(2), [7, 8], [1, 1]).update(torch.zeros(shape), torch.zeros(2), torch.zeros(2))
