"""What every explainer promises (`tests.explain.test_core`), held by the methods of transformers on small real ones."""

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel

from explain.attention import AttentionRollout, GradientAttention
from explain.cam import LogitLens
from explain.core import Explainer
from explain.targets import ClassLogit
from reid.model import ReIDModel
from tests.explain.attention.nets import SIZE, built
from tests.explain.test_core import failing_target, untouched
from tests.toys import pixels

NETS = ["vit", "uniformer class", "mvit class"]
METHODS: dict[str, Explainer] = {
    "rollout": AttentionRollout(),
    "attention": GradientAttention(),
    "logit lens": LogitLens(),
}
CLIP = pixels(1, 2, SIZE)

all_methods = pytest.mark.parametrize("method", METHODS)
all_nets = pytest.mark.parametrize("net", NETS)


@cache
def model_of(net: str) -> ReIDModel:
    """One model for all tests: whatever a test leaves behind, another one stumbles over."""
    return built(net)


@cache
def expected(net: str, method: str) -> Tensor:
    return METHODS[method](model_of(net), CLIP, ClassLogit(1))


def in_inference_mode(method: Explainer, model: ReIDModel) -> Tensor:
    with torch.inference_mode():
        return method(model, CLIP * 1, ClassLogit(1))


def frozen(method: Explainer, model: ReIDModel) -> Tensor:
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.requires_grad_(False)
    try:
        return method(model, CLIP, ClassLogit(1))
    finally:
        for parameter in learning:
            parameter.requires_grad_()


def compiled(method: Explainer, model: ReIDModel) -> Tensor:
    wrapped = torch.compile(model, backend="eager")
    assert isinstance(wrapped, nn.Module)
    return method(wrapped, CLIP, ClassLogit(1))


STATES: dict[str, Callable[[Explainer, ReIDModel], Tensor]] = {
    "training": lambda method, model: method(model, CLIP, ClassLogit(1)),
    "inference mode": in_inference_mode,
    "frozen": frozen,
    "in parallel": lambda method, model: method(DataParallel(model), CLIP, ClassLogit(1)),
    "compiled": compiled,
}


@all_nets
@all_methods
@pytest.mark.parametrize("state", STATES)
def test_the_map_is_the_same_in_any_state_and_nothing_is_touched(net: str, method: str, state: str) -> None:
    model, first = model_of(net), expected(net, method)
    model.train(state == "training")
    with untouched(model):
        raw = STATES[state](METHODS[method], model)
    model.eval()
    assert torch.equal(raw, first)


@all_nets
@pytest.mark.parametrize("method", ["attention", "logit lens"])
def test_nothing_is_touched_when_it_fails(net: str, method: str) -> None:
    model = model_of(net)
    with untouched(model), pytest.raises(RuntimeError, match="no score for 1 clips"):
        METHODS[method](model, CLIP, failing_target)
    assert torch.equal(METHODS[method](model, CLIP, ClassLogit(1)), expected(net, method))


@all_nets
@all_methods
def test_under_autocast_the_map_is_float32_and_the_same_picture(net: str, method: str) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        raw = METHODS[method](model_of(net), CLIP, ClassLogit(1))
    assert raw.dtype == torch.float32
    assert torch.corrcoef(torch.stack([raw.flatten(), expected(net, method).flatten()]))[0, 1] > 0.98
