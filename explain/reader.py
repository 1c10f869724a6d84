"""Methods that need no more than one forward pass, and share it."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from torch import Tensor, nn
from typing_extensions import override

from explain.core import Explainable, Explainer, guarded
from explain.targets import Target
from explain.trace import Trace, trace
from reid.backbones.base import Backbone
from reid.errors import InputError


class Reader(Explainer):
    """A method that reads its maps off one forward pass and one backward pass for each target."""

    needs_attention: ClassVar[bool] = False
    """Whether the method reads the attention matrices of the backbone."""

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        return self.read(trace(model, pixels, self.layers_of(model.backbone), self.needs_attention), target)

    @abstractmethod
    def layers_of(self, backbone: Backbone) -> tuple[str, ...]:
        """Names of the layers that have to be traced."""

    @abstractmethod
    def read(self, trace: Trace, target: Target) -> Tensor:
        """Map one target's scores, [B,t,h,w] float32, from a trace that may serve other methods and targets too."""


Refusals = dict[str, InputError]
"""Name of a method -> why it cannot explain this score of this model."""


def explain_all(
    model: nn.Module,
    pixels: Tensor,
    methods: Mapping[str, Explainer],
    targets: Mapping[str, Target],
    refusals: Refusals | None = None,
) -> dict[str, dict[str, Tensor]]:
    """Explain every score by every method; all that only read share one forward pass, and one backward a target.

    Args:
        model: see `Explainer.__call__`.
        pixels: [B,3,T,H,W] as `model.preprocess` gives them.
        methods: by name.
        targets: by name.
        refusals: methods in it are left out; methods that cannot explain a score are added to it and left out from
            there on. None: the first of them ends it all.

    Returns:
        Name of the target -> name of the method -> [B,t,h,w] raw map. Of a method that does not look at the score all
        targets have the same tensor.

    Raises:
        InputError, TypeError, ValueError: see `Explainer.__call__`.
    """
    maps: dict[str, dict[str, Tensor]] = {}
    with guarded(model, pixels) as (bare, own):
        shared = _trace_for(bare, own, _readers(methods, refusals), refusals)
        for asked, target in targets.items():
            first = next(iter(maps.values()), {})
            maps[asked] = {}
            for name, method in methods.items():
                if name in (refusals or {}):
                    continue
                with _noted(name, refusals):
                    known = None if method.sees_target else first.get(name)
                    maps[asked][name] = _map(method, shared, bare, own, target) if known is None else known
    return maps


def _readers(methods: Mapping[str, Explainer], refusals: Refusals | None) -> dict[str, Reader]:
    """The methods that share a forward pass."""
    left_out = refusals or {}
    return {name: method for name, method in methods.items() if isinstance(method, Reader) and name not in left_out}


def _trace_for(
    model: Explainable, pixels: Tensor, readers: Mapping[str, Reader], refusals: Refusals | None
) -> Trace | None:
    """Run once for all readers; if that cannot be, each alone, to leave out those that are the reason."""
    if not readers:
        return None
    try:
        layers = {layer for reader in readers.values() for layer in reader.layers_of(model.backbone)}
        return trace(model, pixels, sorted(layers), any(reader.needs_attention for reader in readers.values()))
    except InputError:
        if refusals is None:
            raise
    able = _those_that_can(model, pixels, readers, refusals)
    return _trace_for(model, pixels, able, None)


def _those_that_can(
    model: Explainable, pixels: Tensor, readers: Mapping[str, Reader], refusals: Refusals
) -> dict[str, Reader]:
    """Try the methods by what they need: those with the same needs run once, whether they can or not."""
    able, tried = {}, dict[tuple[tuple[str, ...], bool], InputError | None]()
    for name, reader in readers.items():
        needs = reader.layers_of(model.backbone), reader.needs_attention
        if needs not in tried:
            tried[needs] = _reason_against(model, pixels, *needs)
        reason = tried[needs]
        if reason is None:
            able[name] = reader
        else:
            refusals[name] = reason
    return able


def _reason_against(model: Explainable, pixels: Tensor, layers: tuple[str, ...], attention: bool) -> InputError | None:
    """Why a forward pass cannot be traced so; None if it can."""
    try:
        trace(model, pixels, layers, attention)
    except InputError as error:
        return error
    return None


def _map(method: Explainer, shared: Trace | None, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
    """One map, from the shared pass if the method only reads."""
    if isinstance(method, Reader) and shared is not None:
        return method.read(shared, target).detach()
    return method.attribute(model, pixels.clone(), target).detach()


@contextmanager
def _noted(name: str, refusals: Refusals | None) -> Iterator[None]:
    """Write down that a method refuses, if there is a list."""
    try:
        yield
    except InputError as error:
        if refusals is None:
            raise
        refusals[name] = error
