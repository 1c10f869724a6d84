"""RandomCAM knows the layer, and nothing of the score."""

import torch

from explain.cam import RandomCAM
from explain.targets import ClassLogit
from tests.explain.cam.evidence import evidence
from tests.toys import TinyNet, pixels, random_model


def test_its_weights_are_the_same_for_every_clip_and_target() -> None:
    model, clips = random_model(TinyNet()), pixels()
    raw = RandomCAM()(model, clips, ClassLogit(0))
    assert torch.equal(RandomCAM()(model, clips, ClassLogit(1)), raw)
    rows = evidence(model, clips, ClassLogit(0), "last")[1].transpose(0, 1).flatten(1).mT
    weights = torch.linalg.lstsq(rows, raw.flatten()[:, None]).solution.flatten()
    torch.testing.assert_close(rows @ weights, raw.flatten(), rtol=1e-4, atol=1e-5)
    assert weights.min() < 0 < weights.max() <= 1
    assert weights.min() >= -1


def test_another_seed_is_another_map() -> None:
    model, clips = random_model(TinyNet()), pixels()
    assert not torch.allclose(RandomCAM(seed=1)(model, clips, ClassLogit(0)), RandomCAM()(model, clips, ClassLogit(0)))
