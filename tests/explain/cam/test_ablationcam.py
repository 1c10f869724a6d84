"""AblationCAM against its definition as a loop, the forward passes that it saves, and what other tools get wrong."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from explain.cam.ablationcam import AblationCAM
from explain.guard import guard
from explain.recording import ZeroGradientError, record
from explain.targets import ClassLogit, PairSimilarity, RunnerUp, Target
from reid.backbones import Backbone, FrameWise, MViTv2, OSNet, ResNetTA, UniFormerV2
from reid.backbones.heads import LSTMHead
from reid.backbones.readout import Readout
from reid.errors import InputError
from reid.model import ReIDModel
from reid.types import Output
from tests.explain.cam.copies import assert_the_same, forwards_of
from tests.toys import FrameNet, TinyNet, TokenNet, pixels, random_model, red_clip, red_model, toy_a

SIZE = (64, 32)
TOYS: dict[str, Callable[[], Backbone]] = {
    "convolutions": TinyNet,
    "frames": FrameNet,
    "class token": TokenNet,
    "mean of tokens": lambda: TokenNet(class_token=False),
}
SMALL: dict[str, Callable[[], Backbone]] = {
    "resnet": lambda: ResNetTA(18, SIZE),
    "osnet": lambda: OSNet("x0.25", SIZE),
    "timm vit": lambda: FrameWise("test_vit", SIZE),
    "timm resnet, lstm": lambda: FrameWise("test_resnet", SIZE, lambda width: LSTMHead(width, 8)),
    "mvit, class": lambda: mvit("class"),
    "mvit, patches": lambda: mvit("patches"),
    "uniformer": lambda: UniFormerV2(size=SIZE, width=16, depth=3, heads=2, patch=16, global_blocks=2),
}


def mvit(readout: Readout) -> Backbone:
    return MViTv2(size=SIZE, frames=4, depths=(1, 1, 2, 1), width=8, readout=readout)


def losses(model: ReIDModel, clip: Tensor, target: Target, channels: list[int]) -> Tensor:
    """S - S_k of one clip [1,3,T,H,W]: each channel is erased from the layer's output in a forward pass of its own."""
    layer = model.backbone.cam_layer(needs_gradient=True)
    with guard(model), torch.no_grad():
        recording = record(model, clip, layer)
        raw, whole = recording.trace.layers[layer], target(recording.output)
        changed: list[float] = []
        for channel in channels:
            gone = recording.activation.clone()
            gone[:, channel] = 0
            erased = laid_back(model.backbone, gone, raw, clip.shape)
            handle = model.backbone.get_submodule(layer).register_forward_hook(
                lambda _module, _inputs, output, erased=erased: erased.view_as(output)
            )
            changed.append((whole - target(model(clip))).item())
            handle.remove()
    return torch.tensor(changed)


def laid_back(backbone: Backbone, maps: Tensor, raw: Tensor, clip: torch.Size) -> Tensor:
    """The layer's output with these maps in it: the inverse of `to_map`, which is linear, by its derivative."""
    with torch.enable_grad():
        probe = raw.detach().clone().requires_grad_()
        laid = backbone.to_map(probe, clip)
        (changed,) = torch.autograd.grad((laid * (maps - laid.detach())).sum(), probe)
    return raw + changed


def whole_map(model: ReIDModel, clips: Tensor, targets: list[Target]) -> Tensor:
    """sum_k (S - S_k) / |S| A_k of each clip."""
    maps = []
    for i, target in enumerate(targets):
        clip = clips[i : i + 1]
        with guard(model), torch.no_grad():
            recording = record(model, clip, model.backbone.cam_layer(needs_gradient=True))
            activation, score = recording.activation[0], target(recording.output)
        weights = losses(model, clip, target, list(range(len(activation)))) / score.abs()
        maps.append(torch.einsum("k,kthw->thw", weights, activation))
    return torch.stack(maps)


@pytest.mark.parametrize("backbone", TOYS.values(), ids=TOYS)
@pytest.mark.parametrize("pair", [False, True], ids=["logit", "pair"])
def test_it_is_its_definition(backbone: Callable[[], Backbone], pair: bool) -> None:
    model, clips = random_model(backbone()), pixels()
    gallery = torch.linspace(-1, 1, 2 * model.backbone.width).view(2, -1)
    raw = AblationCAM()(model, clips, PairSimilarity(gallery) if pair else ClassLogit(1))
    assert_the_same(raw, whole_map(model, clips, [PairSimilarity(row) if pair else ClassLogit(1) for row in gallery]))
    assert raw.flatten(1).std(dim=1).min() > 0


@pytest.mark.parametrize("backbone", SMALL.values(), ids=SMALL)
def test_real_backbones_lose_what_the_definition_says(
    backbone: Callable[[], Backbone], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By forward passes, whether or not the score is affine; three channels stand for all."""
    torch.manual_seed(0)
    model, clip, few = ReIDModel(backbone(), num_identities=3).eval(), pixels(1, 4, SIZE), torch.tensor([3, 5, 13])
    for parameter in model.parameters():  # a decoder that starts at zero would hear nothing
        if (parameter == 0).all():
            nn.init.normal_(parameter, std=0.3)
    found: list[Tensor] = []
    compute = AblationCAM._losses

    def kept(*given: Any) -> Tensor:
        found.append(compute(*given))
        return found[-1]

    monkeypatch.setattr("explain.cam.ablation.Ablation.adds_up", lambda *_: False)
    monkeypatch.setattr("explain.cam.ablation.Ablation.alive", lambda _: few)
    monkeypatch.setattr(AblationCAM, "_losses", kept)
    AblationCAM(batch_size=2)(model, clip, ClassLogit(2))
    assert_the_same(found[0][few], losses(model, clip, ClassLogit(2), few.tolist()), 1e-3)


def test_toy_a_by_hand() -> None:
    """Without the first channel the logit 3.5 is -.5, without the second 4.5: w = [8/7, -2/7]."""
    model, clip = toy_a()
    expected = 8 / 7 * torch.tensor([1.0, 3.0]) - 2 / 7 * torch.tensor([2.0, 0.0])
    torch.testing.assert_close(AblationCAM()(model, clip, ClassLogit(0)).flatten(), expected)


def test_channels_that_are_zero_are_skipped_exactly() -> None:
    model, clips = random_model(FrameNet()), pixels()
    for index in (1, 4):
        model.backbone.get_parameter("trunk.0.weight").data[index] = 0
        model.backbone.get_parameter("trunk.0.bias").data[index] = -1
    above = forwards_of(model.neck)
    told: list[tuple[int, int]] = []
    raw = AblationCAM(progress=lambda done, total: told.append((done, total)))(model, clips, RunnerUp(0, 1))
    assert above == [2, 2, 8, 4, 8, 4]
    assert told == [(2, 12), (6, 12), (8, 12), (12, 12)]
    assert_the_same(raw, whole_map(model, clips, [RunnerUp(0, 1)] * 2))


@pytest.mark.parametrize("constant", [100, -100])
def test_a_negative_score_does_not_turn_the_map_over(constant: int) -> None:
    """A constant is no evidence: with it the score is of either sign, and the map only changes its scale."""
    model, clips = random_model(TinyNet()), pixels(1)
    score = model(clips).logits[0, 0].item()
    plain = AblationCAM()(model, clips, ClassLogit(0)) * abs(score)
    shifted = AblationCAM()(model, clips, lambda output: output.logits[:, 0] + constant) * abs(score + constant)
    assert_the_same(shifted, plain)


def test_a_score_of_zero_is_divided_by_safely() -> None:
    model, clips = random_model(TinyNet()), pixels(1)
    score = model(clips).logits[0, 0].detach()
    assert torch.isfinite(AblationCAM()(model, clips, lambda output: output.logits[:, 0] - score)).all()


def test_channels_are_ablated_by_zero_also_where_they_are_negative() -> None:
    """Set to -1e7, as elsewhere, tokens blow the score up."""
    model, clips = random_model(TokenNet()), pixels()
    assert model.backbone(clips).map.min() < 0
    assert AblationCAM()(model, clips, ClassLogit(0)).abs().max() < 100


def test_a_layer_that_the_score_does_not_hear_is_refused() -> None:
    with pytest.raises(ZeroGradientError, match=r"explain at layer blocks\.1\.norm1"):
        AblationCAM(layer="norm")(random_model(TokenNet()), pixels(), ClassLogit(0))


def failing(output: Output) -> Tensor:
    """Fails as soon as channels are missing."""
    if len(output.logits) > 2:
        raise RuntimeError("no score")
    return output.logits[:, 0] ** 2


def test_the_model_is_whole_again_also_after_an_error() -> None:
    model = random_model(FrameNet())
    before = dict(model.named_modules())
    with pytest.raises(RuntimeError, match="no score"):
        AblationCAM()(model, pixels(), failing)
    assert dict(model.named_modules()) == before
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


@pytest.mark.parametrize("make", [FrameNet, TokenNet])
def test_under_autocast_everything_is_float32(make: Callable[[], Backbone]) -> None:
    model, clips = random_model(make()), pixels()
    expected = AblationCAM()(model, clips, ClassLogit(0))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(AblationCAM()(model, clips, ClassLogit(0)), expected)


def test_planted_evidence_is_found() -> None:
    clip, place = red_clip()
    raw = AblationCAM()(red_model(), clip, ClassLogit(0))[0].clamp_min(0)
    assert raw[place].sum() / raw.sum() > 0.95


def test_another_layer() -> None:
    model, clips = random_model(TinyNet()), pixels()
    assert AblationCAM(layer="stem.0")(model, clips, ClassLogit(0)).shape == (2, 4, 8, 4)
    with pytest.raises(InputError, match="layer nowhere"):
        AblationCAM(layer="nowhere")(model, clips, ClassLogit(0))
    with pytest.raises(InputError, match="batch_size 0"):
        AblationCAM(batch_size=0)
