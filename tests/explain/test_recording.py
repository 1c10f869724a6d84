"""One forward pass serves many methods and targets."""

import pytest
import torch
from torch import Tensor

from explain.cam import GradCAM, OriginalCAM
from explain.guard import guard
from explain.recording import Recording, ZeroGradientError, record
from explain.targets import ClassLogit, PairSimilarity, Target
from reid.errors import InputError
from reid.model import ReIDModel
from reid.types import Output
from tests.toys import TinyNet, TokenNet, pixels, random_model


def recorded(model: ReIDModel, layer: str, clips: Tensor) -> Recording:
    with guard(model):
        return record(model, clips, layer)


def test_layout_comes_from_the_backbone() -> None:
    model, clips = random_model(TokenNet()), pixels()
    recording = recorded(model, "blocks.1.norm1", clips)
    assert recording.activation.shape == (2, 8, 2, 4, 2)
    tokens = model.backbone.get_submodule("blocks.0")(
        torch.cat(
            [
                model.backbone.class_token.expand(2, -1, -1),  # type: ignore[operator]
                model.backbone.get_submodule("patches")(clips).flatten(2).mT,
            ],
            dim=1,
        ),
        (2, 4, 2),
    )[0]
    normed = model.backbone.get_submodule("blocks.1.norm1")(tokens)
    torch.testing.assert_close(recording.activation[:, :, 1, 2, 1], normed[:, 1 + 8 + 2 * 2 + 1])


def test_one_forward_and_one_backward_for_each_target(monkeypatch: pytest.MonkeyPatch) -> None:
    model, clips = random_model(TinyNet()), pixels()
    forwards: list[int] = []
    backwards: list[int] = []
    monkeypatch.setattr(TinyNet, "forward", counted(TinyNet.forward, forwards))
    monkeypatch.setattr(torch.autograd, "grad", counted(torch.autograd.grad, backwards))
    targets: list[Target] = [ClassLogit(0), ClassLogit(1), ClassLogit(), PairSimilarity(torch.ones(6))]
    methods = [GradCAM(), GradCAM(temporal="frame"), GradCAM(relu=True)]
    with guard(model):
        recording = record(model, clips, "last")
        together = [method.read(recording.trace, target) for target in targets for method in methods]
    assert (len(forwards), len(backwards)) == (1, 4)
    alone = [method(model, clips, target) for target in targets for method in methods]
    torch.testing.assert_close(together, alone)


def test_the_maths_of_a_map_is_float32_under_autocast() -> None:
    model, clips = random_model(TinyNet()), pixels()
    with guard(model):
        recording = record(model, clips, "last")
        for method in (GradCAM(), OriginalCAM()):
            expected = method.read(recording.trace, ClassLogit(0))
            assert not expected.requires_grad
            with torch.autocast("cpu", torch.bfloat16):
                assert torch.equal(method.read(recording.trace, ClassLogit(0)), expected)


def counted(function: object, calls: list[int]) -> object:
    def wrapper(*args: object, **options: object) -> object:
        calls.append(1)
        return function(*args, **options)  # type: ignore[operator]

    return wrapper


def test_the_predicted_class_is_the_clips_own() -> None:
    model, clips = random_model(TinyNet()), pixels()
    predicted = model(clips).logits.argmax(1)
    for method in (GradCAM(), OriginalCAM()):
        torch.testing.assert_close(method(model, clips, ClassLogit()), method(model, clips, ClassLogit(predicted)))


def test_the_output_of_a_class_token_block_is_refused_and_the_right_layer_named() -> None:
    """Drawn as a map, the exactly zero gradient there is stretched noise that others blame on depth."""
    model, clips = random_model(TokenNet()), pixels()
    with pytest.raises(ZeroGradientError, match=r"layer blocks.1: .* explain at layer blocks.1.norm1"):
        GradCAM(layer="blocks.1")(model, clips, ClassLogit(0))
    with pytest.raises(ZeroGradientError, match=r"layer norm: .* clip 0, 1 of"):
        GradCAM(layer="norm")(model, clips, ClassLogit(0))
    assert GradCAM()(model, clips, ClassLogit(0)).abs().amin(dim=(1, 2, 3)).min() > 0


def test_a_score_that_is_constant_at_the_layer_is_refused() -> None:
    model, clips = random_model(TinyNet()), pixels()
    model.classifier.weight.data[1] = 0
    for method in (GradCAM(), OriginalCAM()):
        with pytest.raises(ZeroGradientError, match=r"clip 0, 1 of the batch: the score is constant there"):
            method(model, clips, ClassLogit(1))
    with pytest.raises(ZeroGradientError):
        GradCAM()(model, clips, lambda output: output.class_vectors[:2, 0])


def test_one_dead_clip_is_enough() -> None:
    model, clips = random_model(TinyNet()), pixels()
    gallery = torch.stack([torch.ones(6), torch.zeros(6)])
    with pytest.raises(ZeroGradientError, match="clip 1 of the batch"):
        GradCAM()(model, clips, PairSimilarity(gallery))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("stem.9", "TinyNet has no layer of this name; its maps are read at last"),
        ("unused", "ran 0 times"),
    ],
)
def test_a_layer_that_cannot_be_tapped(layer: str, message: str) -> None:
    model = random_model(TinyNet())
    model.backbone.add_module("unused", torch.nn.Identity())
    with pytest.raises(InputError, match=message):
        GradCAM(layer=layer)(model, pixels(), ClassLogit(0))


def test_a_layer_that_is_no_map() -> None:
    with pytest.raises(InputError, match=r"layer patches: its output \[2, 8, 2, 4, 2\] is no map"):
        GradCAM(layer="patches")(random_model(TokenNet()), pixels(), ClassLogit(0))


def test_a_target_gives_one_score_for_each_clip() -> None:
    def all_logits(output: Output) -> Tensor:
        return output.logits

    with pytest.raises(ValueError, match=r"scores each of the 2 clips, not \[2, 5\]"):
        GradCAM()(random_model(TinyNet()), pixels(), all_logits)
