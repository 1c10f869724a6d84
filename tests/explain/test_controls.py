"""Maps that know nothing of the score."""

from collections.abc import Callable

import pytest
import torch

from explain.cam import CAM, GradCAM
from explain.controls import CentrePrior, RandomMap
from explain.reader import explain_all
from explain.targets import ClassLogit
from reid.backbones.base import Backbone
from tests.toys import FrameNet, TinyNet, TokenNet, pixels, random_model

BACKBONES: dict[str, Callable[[], Backbone]] = {"maps": TinyNet, "frames": FrameNet, "tokens": TokenNet}


@pytest.mark.parametrize("control", [RandomMap(), CentrePrior()], ids=["random", "centre"])
@pytest.mark.parametrize("backbone", BACKBONES.values(), ids=BACKBONES)
def test_a_control_shares_the_pass_and_the_grid_of_gradcam(
    control: CAM, backbone: Callable[[], Backbone], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, clips, calls = random_model(backbone()), pixels(), []
    forward = type(model.backbone).forward

    def counted(net: Backbone, values: torch.Tensor) -> object:
        calls.append(1)
        return forward(net, values)

    monkeypatch.setattr(type(model.backbone), "forward", counted)
    maps = explain_all(model, clips, {"gradcam": GradCAM(), "control": control}, {"class": ClassLogit(0)})["class"]
    assert len(calls) == 1
    assert maps["control"].shape == maps["gradcam"].shape
    assert maps["control"].dtype == torch.float32
    assert 0 <= maps["control"].min() < maps["control"].max() <= 1


def test_noise_belongs_to_the_clip() -> None:
    model, clips = random_model(TinyNet()), pixels(batch=3)
    raw = RandomMap()(model, clips, ClassLogit(0))
    assert torch.equal(RandomMap()(model, clips, ClassLogit(1)), raw)
    assert torch.equal(RandomMap()(model, clips.flip(0), ClassLogit(0)), raw.flip(0))
    for clip in range(3):
        assert torch.equal(RandomMap()(model, clips[clip : clip + 1], ClassLogit(0)), raw[clip : clip + 1])
        assert not torch.allclose(raw[clip], raw[clip - 1])
    assert not torch.allclose(RandomMap(seed=1)(model, clips, ClassLogit(0)), raw)


def test_noise_is_uniform() -> None:
    raw = RandomMap(layer="stem")(random_model(TinyNet()), pixels(8, 32), ClassLogit(0))
    shares = torch.histc(raw, bins=10, min=0, max=1) / raw.numel()
    torch.testing.assert_close(shares, torch.full((10,), 0.1), rtol=0, atol=0.01)


def test_the_centre_as_a_loop() -> None:
    model, clips = random_model(TinyNet()), pixels()  # grid [4,8,4]
    expected = torch.zeros(2, 4, 8, 4)
    for row in range(8):
        for column in range(4):
            down, right = (row + 0.5) / 8 - 0.5, (column + 0.5) / 4 - 0.5
            expected[:, :, row, column] = torch.tensor(-(down**2 + right**2) / (2 * 0.25**2)).exp()
    torch.testing.assert_close(CentrePrior()(model, clips, ClassLogit(0)), expected)
