"""ResNet with temporal attention, against the published numbers."""

import math
from typing import Literal

import pytest
import torch

from reid.backbones.resnet import ResNetTA, image_resnet
from reid.backbones.temporal import TemporalAttention
from reid.errors import InputError
from reid.model import ReIDModel
from reid.presets import resnet50_ta, resnet50_ta_bt, resnet50_ta_strong


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_published_parameter_counts() -> None:
    with torch.device("meta"):
        headless = image_resnet(50, pretrained=False)
        assert parameters(headless) == 23_508_032
        assert len(headless.state_dict()) == 318
        mean = ReIDModel(ResNetTA(50, (224, 112), 2, attention="mean"), 625, neck="none")
        assert parameters(mean) == 24_788_657
        assert parameters(resnet50_ta(625)) == 39_469_746
        bag_of_tricks = resnet50_ta_bt(625)
        assert parameters(bag_of_tricks) == 76_173_377
        assert sum(p.numel() for p in bag_of_tricks.parameters() if not p.requires_grad) == 2_048
        assert parameters(resnet50_ta_strong(625)) == 25_317_441
        assert parameters(TemporalAttention(2048)) == 525_313


@pytest.mark.parametrize(
    ("size", "last_stride", "grid"),
    [((224, 112), 2, (7, 4)), ((224, 112), 1, (14, 7)), ((256, 128), 2, (8, 4)), ((256, 128), 1, (16, 8))],
)
def test_published_maps_and_attention_kernels(
    size: tuple[int, int], last_stride: Literal[1, 2], grid: tuple[int, int]
) -> None:
    backbone = ResNetTA(18, size, last_stride, attention="full").eval()
    assert backbone.attention is not None
    assert backbone.attention.spatial.kernel_size == grid
    with torch.no_grad():
        assert backbone(torch.zeros(1, 3, 2, *size)).map.shape == (1, 512, 2, *grid)


def test_identical_frames_give_the_frame_feature_but_not_equal_weights() -> None:
    torch.manual_seed(0)
    backbone = ResNetTA(18, (64, 32)).eval()
    frame = torch.randn(1, 3, 1, 64, 32)
    with torch.no_grad():
        one, four = backbone(frame), backbone(frame.expand(-1, -1, 4, -1, -1))
    torch.testing.assert_close(one.embedding, four.embedding, rtol=1e-4, atol=1e-5)
    weights = four.pooling.sum((2, 3))
    assert (weights - 0.25).abs().max() > 1e-6  # the temporal convolution is zero-padded


def dead_attention(*, relu: bool) -> tuple[TemporalAttention, torch.Tensor]:
    torch.manual_seed(0)
    attention = TemporalAttention(8, relu=relu)
    assert attention.temporal.bias is not None
    torch.nn.init.constant_(attention.temporal.bias, -100.0)
    return attention, attention(torch.rand(2, 8, 4, 3, 2))


def test_published_relu_freezes_the_attention() -> None:
    attention, scores = dead_attention(relu=True)
    weights = scores.softmax(1)
    torch.testing.assert_close(weights, torch.full((2, 4), 0.25), rtol=0, atol=0)
    assert -(weights * weights.log()).sum(1)[0].item() == pytest.approx(math.log(4))
    weights[:, 0].sum().backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is None or not p.grad.any() for p in attention.parameters())


def test_attention_without_the_relu_learns() -> None:
    attention, scores = dead_attention(relu=False)
    scores.softmax(1)[:, 0].sum().backward()  # type: ignore[no-untyped-call]
    assert attention.temporal.weight.grad is not None
    assert attention.temporal.weight.grad.any()


def test_full_attention_says_which_size_it_was_built_for() -> None:
    backbone = ResNetTA(18, (64, 32), attention="full")
    with pytest.raises(ValueError, match=r"built for maps of \(4, 2\) but got \(8, 4\)"):
        backbone(torch.zeros(1, 3, 2, 128, 64))


def test_pooled_attention_takes_any_size_and_length() -> None:
    backbone = ResNetTA(18, (64, 32)).eval()
    with torch.no_grad():
        assert backbone(torch.zeros(1, 3, 7, 96, 80)).map.shape == (1, 512, 7, 6, 5)


def test_unreachable_weights_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("timm.create_model", unreachable)
    with pytest.raises(InputError, match=r"pretrained=true.*could not be fetched.*set pretrained=false"):
        image_resnet(50, pretrained=True)
