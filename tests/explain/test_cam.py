"""Class activation maps against hand numbers, identities and another library."""

from typing import Any

import pytest
import torch
from torch import Tensor

from explain.cam import CAM, GradCAM, HiResCAM, OriginalCAM, XGradCAM
from explain.guard import guard
from explain.recording import record
from explain.targets import ClassLogit, PairSimilarity, Target
from explain.trace import trace
from reid.backbones.base import Backbone
from reid.errors import InputError
from reid.model import ReIDModel
from tests.toys import FrameNet, Pixels, TinyNet, TokenNet, pixels, random_model, toy_a


def exact(model: ReIDModel, clips: Tensor, target: Target) -> tuple[Tensor, Tensor, Tensor]:
    """OriginalCAM's map, its bias and the score."""
    method = OriginalCAM()
    with guard(model):
        recording = record(model, clips, method.layer_of(model.backbone))
        return method.read(recording.trace, target), method.bias(recording, target), recording.score(target).detach()


@pytest.mark.parametrize("method", [OriginalCAM(), GradCAM(), HiResCAM()])
def test_toy_a_by_hand(method: CAM) -> None:
    model, clip = toy_a()
    torch.testing.assert_close(method(model, clip, ClassLogit(0)).flatten(), torch.tensor([0.0, 3.0]))


def test_toy_a_gradient_and_bias() -> None:
    model, clip = toy_a()
    with guard(model):
        recording = record(model, clip, "layer")
        assert recording.gradient(ClassLogit(0)).view(2, 2).tolist() == [[1.0, 1.0], [-0.5, -0.5]]
    raw, bias, score = exact(model, clip, ClassLogit(0))
    assert (raw.sum().item(), bias.item(), score.item()) == (3.0, 0.5, 3.5)


def test_the_neck_is_folded_into_the_class_vector() -> None:
    model, clip = toy_a(neck=True)
    raw, bias, score = exact(model, clip, ClassLogit(0))
    torch.testing.assert_close(raw.flatten(), torch.tensor([-1.0, 3.0]))  # unfolded [0,3] is the bug
    assert bias.item() == pytest.approx(2.0)
    assert score.item() == pytest.approx(4.0)


BACKBONES: dict[str, Backbone] = {
    "pixels": Pixels(3),
    "convolutions": TinyNet(),
    "attention": FrameNet(),
    "mean_of_tokens": TokenNet(class_token=False),
}


@pytest.mark.parametrize("backbone", BACKBONES.values(), ids=BACKBONES)
@pytest.mark.parametrize("neck", [False, True])
@pytest.mark.parametrize("pair", [False, True])
def test_originalcam_sums_to_the_score_less_a_bias_that_knows_no_clip(
    backbone: Backbone, neck: bool, pair: bool
) -> None:
    model, clips = random_model(backbone, neck), pixels()
    gallery = torch.linspace(-1, 1, backbone.width)
    raw, bias, score = exact(model, clips, PairSimilarity(gallery) if pair else ClassLogit(3))
    torch.testing.assert_close(raw.sum((1, 2, 3)) + bias, score, rtol=1e-5, atol=1e-5)
    shift = model.neck(torch.zeros(1, backbone.width))[0].detach()  # h, the neck's answer to nothing
    if pair:
        length = model(clips).embedding.norm(dim=1).detach()
        expected = (gallery / gallery.norm()) @ shift / length
    else:
        expected = model.classifier(shift)[3].detach().expand(2)
    torch.testing.assert_close(bias, expected, rtol=1e-4, atol=1e-5)


def test_temporal_attention_is_held_constant() -> None:
    """map_t = a_t / (H W) sum_k (W s)_k A_kt; the gradient methods also follow the attention itself."""
    model, clips = random_model(FrameNet()), pixels()
    features = model(clips).features
    neck: Any = model.neck
    scale = neck.weight / (neck.running_var + neck.eps).sqrt()
    vector = model.classifier.weight[1] * scale
    share = torch.einsum("k,bkthw->bthw", vector, features.map)
    expected = features.attention_scores.softmax(1)[:, :, None, None] / (8 * 4) * share
    torch.testing.assert_close(OriginalCAM()(model, clips, ClassLogit(1)), expected.detach())
    assert not torch.allclose(HiResCAM()(model, clips, ClassLogit(1)), expected, rtol=1e-2)


@pytest.mark.parametrize("backbone", [Pixels(3), TokenNet(class_token=False)], ids=["pixels", "mean_of_tokens"])
@pytest.mark.parametrize("neck", [False, True])
def test_on_a_pooled_affine_head_four_methods_are_one(backbone: Backbone, neck: bool) -> None:
    model, clips = random_model(backbone, neck), pixels()
    expected = OriginalCAM()(model, clips, ClassLogit(2))
    for method in (HiResCAM(), GradCAM(), XGradCAM()):
        torch.testing.assert_close(method(model, clips, ClassLogit(2)), expected, rtol=1e-4, atol=1e-6)


def test_originalcam_may_be_read_from_a_recording_at_another_layer() -> None:
    model, clips = random_model(TokenNet(class_token=False)), pixels()
    with guard(model):
        raw = OriginalCAM().read(trace(model, clips, ["blocks.0"]), ClassLogit(0))
    torch.testing.assert_close(raw, OriginalCAM()(model, clips, ClassLogit(0)))


def test_a_class_token_has_no_exact_map() -> None:
    with pytest.raises(InputError, match=r"TokenNet is no weighted sum .* GradCAM"):
        OriginalCAM()(random_model(TokenNet()), pixels(), ClassLogit(0))


def test_gradcam_as_a_loop() -> None:
    model, clips = random_model(TinyNet()), pixels()
    with guard(model):
        recording = record(model, clips, "last")
        gradient, activation = recording.gradient(ClassLogit(0)), recording.activation
    by_clip, by_frame = torch.zeros(2, 2, 4, 8, 4)
    for clip in range(2):
        for channel in range(6):
            by_clip[clip] += gradient[clip, channel].mean() * activation[clip, channel]
            for frame in range(4):
                by_frame[clip, frame] += gradient[clip, channel, frame].mean() * activation[clip, channel, frame]
    torch.testing.assert_close(GradCAM()(model, clips, ClassLogit(0)), by_clip)
    torch.testing.assert_close(GradCAM(temporal="frame")(model, clips, ClassLogit(0)), by_frame)
    torch.testing.assert_close(GradCAM(relu=True)(model, clips, ClassLogit(0)), by_clip.clamp_min(0))


def test_gradcam_averages_patch_tokens_only() -> None:
    model, clips = random_model(TokenNet()), pixels()
    with guard(model):
        recording = record(model, clips, "blocks.1.norm1")
        assert recording.gradient(ClassLogit(0)).shape == (2, 8, 2, 4, 2)
    assert GradCAM()(model, clips, ClassLogit(0)).shape == (2, 2, 4, 2)


@pytest.mark.parametrize("relu", [False, True])
def test_gradcam_is_captums_on_the_raw_map(relu: bool) -> None:
    captum = pytest.importorskip("captum.attr")
    model, clips = random_model(TinyNet()), pixels()
    reference = captum.LayerGradCam(lambda values: model(values).logits, model.backbone.get_submodule("last"))
    expected = reference.attribute(clips, target=3, relu_attributions=relu)[:, 0]
    torch.testing.assert_close(GradCAM(relu=relu)(model, clips, ClassLogit(3)), expected.detach(), rtol=1e-5, atol=1e-7)


def test_a_layer_of_ones_own() -> None:
    raw = GradCAM(layer="stem.0")(random_model(TinyNet()), pixels(), ClassLogit(0))
    assert raw.shape == (2, 4, 8, 4)
