"""What other tools get wrong and no other test of ours holds: features without a graph, embeddings as classes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from explain.attention import AttentionRollout, GradientAttention
from explain.cam import CAM, LayerCAM, OriginalCAM
from explain.core import Explainer
from explain.reader import Reader, Refusals, explain_all
from explain.recording import ZeroGradientError
from explain.targets import ClassLogit
from reid.errors import InputError
from reid.model import ReIDModel
from reid.types import Features
from tests.explain.attention.nets import HeadedNet, built
from tests.explain.test_core import ATTENTIVE, METHODS
from tests.toys import FrameNet, TinyNet, pixels, random_model

DIFFERENTIATING = {
    name: method
    for name, method in METHODS.items()
    if isinstance(method, CAM) and method.needs_gradient and name not in {"random", "centre"}
}
SEVERAL_PASSES = {"gradient", "gradient_input", "integrated", "smoothgrad", "smooth_gradcam++"}
"""Differentiating methods that do not read a shared pass."""
OTHERS = {
    name: method for name, method in METHODS.items() if name not in {*DIFFERENTIATING, *ATTENTIVE, *SEVERAL_PASSES}
}


@contextmanager
def detached(features: list[Features]) -> Iterator[None]:
    yield
    features[0] = features[0]._replace(embedding=features[0].embedding.detach())


WAYS: dict[str, Callable[[list[Features]], AbstractContextManager[object]]] = {
    "no_grad": lambda _: torch.no_grad(),
    "inference_mode": lambda _: torch.inference_mode(),
    "detach": detached,
}


class Cut(TinyNet):
    """Keeps no graph in evaluation."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way

    @override
    def forward(self, pixels: Tensor) -> Features:
        features: list[Features] = []
        with nullcontext() if self.training else WAYS[self.way](features):
            features.append(super().forward(pixels))
        return features[0]


class CutHeads(HeadedNet):
    """A transformer that keeps no graph in evaluation, as the MViT of a CAM tool."""

    @override
    def forward(self, pixels: Tensor) -> Features:
        with torch.set_grad_enabled(self.training):
            return super().forward(pixels)


every_way = pytest.mark.parametrize("way", WAYS)


@every_way
@pytest.mark.parametrize("method", DIFFERENTIATING.values(), ids=DIFFERENTIATING)
def test_features_without_a_graph_cannot_be_differentiated_and_it_says_why(method: Explainer, way: str) -> None:
    with pytest.raises(InputError, match=r"^layer last: no gradient .* embedding of Cut .* torch\.no_grad .* eigencam"):
        method(random_model(Cut(way)), pixels(), ClassLogit(1))


@every_way
@pytest.mark.parametrize("method", OTHERS.values(), ids=OTHERS)
def test_methods_without_a_gradient_there_explain_them_all_the_same(method: Explainer, way: str) -> None:
    """OriginalCAM and LogitLens differentiate too, but only what is above the embedding."""
    expected = method(random_model(TinyNet()), pixels(), ClassLogit(1))
    raw = method(random_model(Cut(way)), pixels(), ClassLogit(1))
    torch.testing.assert_close(raw, expected, rtol=1e-4, atol=1e-5)


def test_attention_without_a_graph() -> None:
    model = random_model(CutHeads())
    with pytest.raises(InputError, match=r"^attention: no gradient .* embedding of CutHeads .* torch\.no_grad"):
        GradientAttention()(model, pixels(), ClassLogit(1))
    expected = AttentionRollout()(random_model(HeadedNet()), pixels(), ClassLogit(1))
    assert torch.equal(AttentionRollout()(model, pixels(), ClassLogit(1)), expected)


def test_beside_others_only_those_that_differentiate_are_left_out() -> None:
    refusals = Refusals()
    methods = {**DIFFERENTIATING, **OTHERS}
    maps = explain_all(random_model(Cut("no_grad")), pixels(), methods, {"1": ClassLogit(1)}, refusals)
    assert [*refusals] == [*DIFFERENTIATING]
    assert [*maps["1"]] == [*OTHERS]


def test_a_score_without_a_gradient_is_not_blamed_on_the_features() -> None:
    with pytest.raises(ZeroGradientError, match="the score is constant there"):
        OriginalCAM()(random_model(Cut("no_grad")), pixels(), lambda output: output.class_vectors[:2, 0])


class Normalised(FrameNet):
    """An embedding of length 1 in evaluation, as CAM tools find in many ReID networks."""

    @override
    def forward(self, pixels: Tensor) -> Features:
        features = super().forward(pixels)
        if self.training:
            return features
        return Features(features.map, F.normalize(features.embedding))


NEITHER_BLIND_NOR_EXACT = {
    name: METHODS[name] for name in (*DIFFERENTIATING, "gradient", "logit_lens", "ablationcam", "scorecam")
}


@pytest.mark.parametrize("method", NEITHER_BLIND_NOR_EXACT.values(), ids=NEITHER_BLIND_NOR_EXACT)
@pytest.mark.parametrize("training", [False, True])
def test_a_class_is_its_logit_not_a_number_of_the_normalised_embedding(method: Explainer, training: bool) -> None:
    model, clips = random_model(Normalised()).train(training), pixels()
    raw = method(model, clips, ClassLogit(0))
    model.eval()
    output = model(clips)
    torch.testing.assert_close(output.before_neck.norm(dim=1), torch.ones(2))
    neck: Any = model.neck
    scale = neck.weight / (neck.running_var + neck.eps).sqrt()
    vector = (model.classifier.weight[0] * scale).detach()
    shift = (output.logits[:, 0] - output.before_neck @ vector).detach()[0]  # the same for every clip
    by_hand = method(model, clips, lambda answer: answer.before_neck @ vector + shift)
    first_number = method(model, clips, lambda answer: answer.embedding[:, 0])
    torch.testing.assert_close(raw, by_hand, rtol=1e-3, atol=raw.abs().max().item() * 1e-3)
    assert not torch.allclose(raw, first_number, rtol=0.1)


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "layercam", "hirescam", "eigencam"])
def test_the_class_token_of_mvit_is_in_no_map(method: str) -> None:
    """393 tokens are no grid."""
    model, clips = built("mvit class"), pixels(1, 4, (64, 32))
    grid = (1, 2, 2, 1) if method == "eigencam" else (1, 2, 4, 2)
    assert METHODS[method](model, clips, ClassLogit(1)).shape == grid


def test_layercam_of_a_token_layer_is_no_noise() -> None:
    """At the output of the last block the gradient of all patches is exactly zero."""
    model, clips = built("mvit class"), pixels(1, 4, (64, 32))
    with pytest.raises(ZeroGradientError, match=r"explain at layer trunk\.blocks\.4\.norm1"):
        LayerCAM(layer="trunk.blocks.4")(model, clips, ClassLogit(1))
    assert LayerCAM()(model, clips, ClassLogit(1)).std() > 0


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if isinstance(method, Reader)])
def test_nothing_is_copied_off_the_device(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A map is combined where the model is; a copy of the activations to the CPU and to numpy takes longer than it."""

    def refused(_: Tensor) -> Tensor:
        raise AssertionError("copied")

    model: ReIDModel = random_model(HeadedNet() if name in ATTENTIVE else TinyNet())
    for way in ("cpu", "numpy"):
        monkeypatch.setattr(torch.Tensor, way, refused)
    assert isinstance(METHODS[name](model, pixels(), ClassLogit(1)), Tensor)
