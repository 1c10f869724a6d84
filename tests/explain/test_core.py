"""The contract of every explainer: add a method to METHODS and it is held to it."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel

from explain.attention import AttentionRollout, GradientAttention
from explain.cam import (
    AblationCAM,
    EigenCAM,
    EigenGradCAM,
    ElementWiseCAM,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    LogitLens,
    OriginalCAM,
    RandomCAM,
    ScoreCAM,
    SmoothGradCAMPlusPlus,
    XGradCAM,
)
from explain.controls import CentrePrior, RandomMap
from explain.core import Explainer
from explain.gradients import Gradient, GradientInput, IntegratedGradients, SmoothGrad
from explain.reader import Reader
from explain.targets import ClassLogit, PairSimilarity, Target
from reid.backbones.base import Backbone
from reid.classifier import VideoClassifier
from reid.model import ReIDModel
from reid.types import Output
from tests.explain.attention.nets import HeadedNet
from tests.toys import FrameNet, TinyNet, TokenNet, pixels, random_model, red_clip, red_model

METHODS: dict[str, Explainer] = {
    "gradcam": GradCAM(),
    "gradcam_by_frame": GradCAM(temporal="frame"),
    "gradcam++": GradCAMPlusPlus(),
    "smooth_gradcam++": SmoothGradCAMPlusPlus(),
    "layercam": LayerCAM(),
    "hirescam": HiResCAM(),
    "xgradcam": XGradCAM(),
    "elementwise": ElementWiseCAM(),
    "eigengradcam": EigenGradCAM(),
    "originalcam": OriginalCAM(),
    "logit_lens": LogitLens(),
    "ablationcam": AblationCAM(),
    "scorecam": ScoreCAM(),
    "eigencam": EigenCAM(),
    "gradient": Gradient(channels="max_abs"),
    "gradient_input": GradientInput(),
    "integrated": IntegratedGradients(),
    "smoothgrad": SmoothGrad(),
    "rollout": AttentionRollout(),
    "attention": GradientAttention(),
    "randomcam": RandomCAM(),
    "random": RandomMap(),
    "centre": CentrePrior(),
}
BLIND = {"eigencam", "rollout", "randomcam", "random", "centre"}
"""Methods that do not look at the score."""
ATTENTIVE = {name for name, method in METHODS.items() if isinstance(method, Reader) and method.needs_attention}
"""Methods for transformers only; the networks of `tests.explain.attention` hold them to more."""
BACKBONES: dict[str, Callable[[], Backbone]] = {
    "convolutions": TinyNet,
    "attention": FrameNet,
    "tokens": lambda: TokenNet(class_token=False),
}
TARGETS: dict[str, Target] = {
    "class": ClassLogit(2),
    "predicted": ClassLogit(),
    "pair": PairSimilarity(torch.ones(6)),
    "function": lambda output: output.logits.square().sum(1),
}

SPREAD = {"scorecam", "smoothgrad"}
"""Methods that add up what speaks for nobody too: channels whose softmax weights are not zero, or noise."""

all_methods = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def toy(method: Explainer, framewise: bool = False) -> ReIDModel:
    """A model that the method can explain."""
    if isinstance(method, Reader) and method.needs_attention:
        return random_model(HeadedNet())
    return random_model(FrameNet() if framewise else TinyNet())


def methods_but(*left_out: str) -> pytest.MarkDecorator:
    """All methods besides some."""
    chosen = {name: method for name, method in METHODS.items() if name not in left_out}
    return pytest.mark.parametrize("method", chosen.values(), ids=chosen)


def on_all_backbones(*left_out: str) -> pytest.MarkDecorator:
    """All methods besides some, each on all networks that it is for."""
    cases = {
        f"{name}-{net}": (method, backbone)
        for name, method in METHODS.items()
        if name not in left_out
        for net, backbone in ({"heads": HeadedNet} if name in ATTENTIVE else BACKBONES).items()
    }
    return pytest.mark.parametrize(("method", "backbone"), cases.values(), ids=cases)


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Assert that nothing of the model, and no random number, is different afterwards."""

    def numbers(values: Tensor) -> bytes:
        return values.detach().numpy().tobytes()

    def state() -> list[object]:
        modules = [(m.training, len(m._forward_hooks), len(m._backward_hooks)) for m in model.modules()]
        grads = [(p.requires_grad, p.grad is None or numbers(p.grad)) for p in model.parameters()]
        values = [numbers(value) for value in (*model.parameters(), *model.buffers(), torch.get_rng_state())]
        return [modules, grads, values, torch.is_grad_enabled(), torch.is_inference_mode_enabled()]

    before = state()
    yield
    assert state() == before


@on_all_backbones()
@pytest.mark.parametrize("target", TARGETS)
def test_a_map_is_signed_finite_and_float32(method: Explainer, backbone: Callable[[], Backbone], target: str) -> None:
    model = random_model(backbone())
    if target == "pair":
        raw = method(model, pixels(), PairSimilarity(torch.linspace(-1, 1, model.backbone.width)))
    else:
        raw = method(model, pixels(), TARGETS[target])
    assert (raw.shape[0], raw.ndim, raw.dtype) == (2, 4, torch.float32)
    assert torch.isfinite(raw).all()
    assert not raw.requires_grad
    assert raw.flatten(1).std(dim=1).min() > 0


@all_methods
def test_nothing_is_touched(method: Explainer) -> None:
    model, clips = toy(method), pixels()
    model.train()
    model.backbone.eval()
    next(model.backbone.children()).train()
    model(clips).logits.sum().backward()
    model.classifier.weight.requires_grad_(False)
    before = clips.clone()
    with untouched(model):
        method(model, clips, ClassLogit(0))
    assert torch.equal(clips, before)


@methods_but("random", "centre")  # cheap: they may as well be drawn again
def test_a_method_says_whether_it_looks_at_the_score(method: Explainer) -> None:
    model, clips = toy(method), pixels()
    targets = ClassLogit(0), PairSimilarity(torch.linspace(-1, 1, 6))
    one, other = (method(model, clips, target) for target in targets)
    assert torch.equal(one, other) == (not method.sees_target)


def failing_target(output: Output) -> Tensor:
    torch.rand(1)
    raise RuntimeError(f"no score for {len(output.logits)} clips")


@methods_but(*BLIND)
@pytest.mark.parametrize("where", ["before the layer", "behind the layer", "in the target"])
def test_nothing_is_touched_when_it_fails(method: Explainer, where: str) -> None:
    model, clips, target = toy(method).train(), pixels(), TARGETS["class"]
    if where == "before the layer":
        clips = clips[:, :2]
    elif where == "behind the layer":
        model.classifier = nn.Linear(99, 5)
    else:
        target = failing_target
    with untouched(model), pytest.raises(RuntimeError):
        method(model, clips, target)


@all_methods
def test_train_mode_explains_like_eval_mode(method: Explainer) -> None:
    """Two equal clips in train mode would collapse the neck's batch statistics."""
    model, clips = toy(method), pixels(batch=1).expand(2, -1, -1, -1, -1)
    expected = method(model, clips, ClassLogit(0))
    assert torch.equal(method(model.train(), clips, ClassLogit(0)), expected)


@all_methods
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode], ids=["no_grad", "inference_mode"])
def test_it_works_where_gradients_are_off(method: Explainer, mode: Callable[[], torch.no_grad]) -> None:
    model, clips = toy(method, framewise=True), pixels()
    expected = method(model, clips, ClassLogit())
    with mode():
        inside = clips * 1
        raw = method(model, inside, ClassLogit())
    assert torch.equal(raw, expected)


@all_methods
def test_it_works_on_frozen_parameters(method: Explainer) -> None:
    model, clips = toy(method), pixels()
    expected = method(model, clips, ClassLogit(1))
    assert torch.equal(method(model.requires_grad_(False), clips, ClassLogit(1)), expected)


@on_all_backbones("random")  # drawn anew for the slightest change
def test_under_autocast_the_map_is_float32_and_the_same_picture(
    method: Explainer, backbone: Callable[[], Backbone]
) -> None:
    model, clips = random_model(backbone()), pixels()
    target = PairSimilarity(torch.linspace(-1, 1, model.backbone.width))
    expected = method(model, clips, target)
    with torch.autocast("cpu", torch.bfloat16):
        raw = method(model, clips, target)
    assert raw.dtype == torch.float32
    assert torch.corrcoef(torch.stack([raw.flatten(), expected.flatten()]))[0, 1] > 0.99


@on_all_backbones()
def test_a_batch_is_its_clips_one_by_one(method: Explainer, backbone: Callable[[], Backbone]) -> None:
    model, clips = random_model(backbone()), pixels(batch=3)
    gallery = torch.linspace(-1, 1, 3 * model.backbone.width).view(3, -1)
    together = method(model, clips, PairSimilarity(gallery))
    alone = [method(model, clips[i : i + 1], PairSimilarity(gallery[i])) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-4, atol=1e-6)


@all_methods
def test_wrapped_and_compiled_models(method: Explainer) -> None:
    model, clips = toy(method), pixels()
    expected = method(model, clips, ClassLogit(0))
    compiled = torch.compile(model.requires_grad_(False), backend="eager")
    assert isinstance(compiled, nn.Module)
    compiled(clips)
    for wrapped in (DataParallel(model), compiled):
        assert torch.equal(method(wrapped, clips, ClassLogit(0)), expected)


@all_methods
def test_a_plain_action_model_is_explained_too(method: Explainer) -> None:
    torch.manual_seed(0)
    assert method(VideoClassifier(toy(method).backbone, num_classes=4), pixels(), ClassLogit()).std() > 0


@methods_but(*BLIND, *SPREAD, *ATTENTIVE)  # they have planted evidence of their own
def test_planted_evidence_is_found(method: Explainer) -> None:
    clip, place = red_clip()
    raw = method(red_model(), clip, ClassLogit(0))[0].clamp_min(0)
    assert raw.shape == place.shape
    assert raw[place].sum() / raw.sum() > 0.95
    assert place.sum() / place.numel() < 0.05


@methods_but(*ATTENTIVE)  # they do not read channels
def test_a_constant_clip_and_dead_channels_stay_finite(method: Explainer) -> None:
    model = random_model(TinyNet())
    model.backbone.get_parameter("last.weight").data[:5] = 0
    model.backbone.get_parameter("last.bias").data[:5] = -1
    model.backbone.get_parameter("last.bias").data[5] = 9
    assert torch.isfinite(method(model, torch.zeros(1, 3, 4, 16, 8), ClassLogit(0))).all()


@methods_but(*ATTENTIVE)  # theirs depend on the network: `tests.explain.attention.test_gradient`
@pytest.mark.parametrize("frames", [1, 5])
@pytest.mark.parametrize("size", [(16, 8), (10, 14)])
def test_any_clip_length_and_size(method: Explainer, frames: int, size: tuple[int, int]) -> None:
    raw = method(random_model(FrameNet()), pixels(1, frames, size), ClassLogit(0))
    assert raw.shape[:2] == (1, frames)


@all_methods
def test_a_second_clip_is_explained_as_if_it_were_the_first(method: Explainer) -> None:
    model, first, second = toy(method), pixels(seed=1), pixels(seed=2)
    expected = method(model, second, ClassLogit(0))
    method(model, first, ClassLogit(0))
    assert torch.equal(method(model, second, ClassLogit(0)), expected)


@pytest.mark.parametrize("clips", [torch.zeros(2, 3, 4, 16, 8, dtype=torch.uint8), torch.zeros(3, 4, 16, 8)])
def test_what_is_not_normalised_clips_is_refused(clips: Tensor) -> None:
    with pytest.raises(ValueError, match="preprocess"):
        GradCAM()(random_model(TinyNet()), clips, ClassLogit(0))


def test_a_model_needs_a_backbone() -> None:
    with pytest.raises(TypeError, match="a model with a backbone can be explained, not a Linear"):
        GradCAM()(nn.Linear(1, 1), pixels(), ClassLogit(0))


@methods_but("random", "randomcam", "input_gradient")
def test_a_model_of_bfloat16_weights(method: Explainer) -> None:
    model, clips = toy(method), pixels()
    expected = method(model, clips, ClassLogit(0))
    raw = method(model.bfloat16(), clips.bfloat16(), ClassLogit(0))
    assert raw.dtype == torch.float32
    assert torch.corrcoef(torch.stack([raw.flatten(), expected.flatten()]))[0, 1] > 0.98


@all_methods
def test_nothing_of_a_clip_stays_in_memory(method: Explainer) -> None:
    model, clips = toy(method), pixels()
    method(model, clips, ClassLogit(0))
    gc.collect()
    gc.freeze()  # what other tests left is not gone through
    try:
        for _ in range(3):
            method(model, clips, ClassLogit(0))
        gc.collect()
        assert not [found for found in gc.get_objects() if issubclass(type(found), Tensor)]
    finally:
        gc.unfreeze()


@methods_but(*BLIND)
def test_an_error_of_any_kind_comes_through(method: Explainer) -> None:
    def out_of_range(output: Output) -> Tensor:
        raise IndexError(len(output.logits))

    with pytest.raises(IndexError):
        method(toy(method), pixels(), out_of_range)
