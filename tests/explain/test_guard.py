"""A model is held still while it is explained, and given back as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel
from typing_extensions import override

from explain.guard import guard, unwrap


class Network(nn.Module):
    """Batch normalisation frozen in eval mode inside of a training network, as fine-tuning has it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 1))
        self.train()
        self.layers[1].eval()
        self.layers[0].weight.requires_grad_(False)

    @override
    def forward(self, values: Tensor) -> Tensor:
        answer: Tensor = self.layers(values)
        return answer


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Assert that flags, `requires_grad` and random numbers are the same afterwards."""

    def state() -> tuple[list[object], bytes]:
        flags: list[object] = [(module.training, len(module._forward_hooks)) for module in model.modules()]
        grads = [(parameter.requires_grad, parameter.grad) for parameter in model.parameters()]
        modes = [torch.is_grad_enabled(), torch.is_inference_mode_enabled()]
        return [*flags, *grads, *modes], torch.get_rng_state().numpy().tobytes()

    before = state()
    yield
    assert state() == before


def test_inside_the_model_is_frozen_in_eval_mode_and_gradients_flow() -> None:
    model = Network()
    with torch.inference_mode(), guard(model) as bare:
        assert bare is model
        assert not any(module.training for module in model.modules())
        assert not any(parameter.requires_grad for parameter in model.parameters())
        values = torch.ones(4, 2, requires_grad=True)
        assert torch.autograd.grad(model(values).sum(), values)[0].abs().sum() > 0


def test_it_is_given_back_as_it_was() -> None:
    model = Network()
    with unchanged(model), guard(model):
        torch.rand(3)
        nn.functional.dropout(torch.ones(3))


def test_it_is_given_back_after_an_error() -> None:
    model = Network()

    def fail() -> None:
        with guard(model):
            torch.rand(3)
            model(torch.ones(1, 7))

    with unchanged(model), pytest.raises(RuntimeError):
        fail()


def test_a_guard_within_a_guard() -> None:
    model = Network()
    with unchanged(model), guard(model):
        with guard(model):
            pass
        assert not model.training
        assert not any(parameter.requires_grad for parameter in model.parameters())


def test_wrappers_come_off_however_deep() -> None:
    model = Network()
    assert unwrap(DataParallel(DataParallel(model))) is model


def compiled(how: str) -> Any:
    model = Network().eval().requires_grad_(False)
    if how == "whole, wrapped":
        return torch.compile(model, backend="eager")
    if how == "whole, in place":
        model.compile(backend="eager")
    elif how == "part, wrapped":
        model.layers = torch.compile(model.layers, backend="eager")  # type: ignore[assignment]
    else:
        model.layers.compile(backend="eager")
    return model


@pytest.mark.parametrize("how", ["whole, wrapped", "whole, in place", "part, wrapped", "part, in place"])
def test_compilation_is_off_inside(how: str) -> None:
    """Hooks that come after compilation do not fire in compiled code."""
    runs: list[str] = []
    model = compiled(how)
    model(torch.ones(2, 2))
    with guard(model) as bare:
        layer = unwrap(bare.get_submodule("layers")).get_submodule("0")
        handle = layer.register_forward_hook(lambda *_: runs.append("hook"))
        bare(torch.ones(2, 2))
        handle.remove()
    assert runs == ["hook"]


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_recurrent_layers_can_be_differentiated_by_cudnn(dropout: float) -> None:
    """The library refuses in eval mode; without dropout the mode makes no other difference."""
    model = nn.ModuleDict({"lstm": nn.LSTM(2, 3, num_layers=2, dropout=dropout), "linear": nn.Linear(1, 1)}).eval()
    values = torch.ones(4, 1, 2)
    expected = model["lstm"](values)[0]
    with unchanged(model), guard(model):
        assert model["lstm"].training is (dropout == 0)
        assert not model["linear"].training
        assert torch.equal(model["lstm"](values)[0], expected)
