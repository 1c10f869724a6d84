"""Keep the attention matrices of a forward pass, without a change to the network."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from typing_extensions import override

SOFTMAXES = (torch.softmax, torch.special.softmax, torch.Tensor.softmax, F.softmax)


@contextmanager
def tap_attention(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, list[Tensor]]]:
    """Record every softmax attention matrix that the given layers compute, in the graph of the forward pass.

    Inside of the layers fused attention is computed in steps: kernels that never hold the matrix hide it from autograd
    too. The lowest matrix becomes the leaf where the graph begins, if none begins below. Softmaxes elsewhere are not
    looked at. `nn.MultiheadAttention` is one function to torch: what it computes inside is not seen here, so a backbone
    must not name it.

    Args:
        layers: modules by name.

    Yields:
        The matrices of each layer by its name, [...,heads,Nq,Nk] and one for each time it attended; an operation that
        would change one in place fails.
    """
    recorder = _Recorder(layers)
    handles = []
    try:
        for name, layer in layers.items():
            handles.append(layer.register_forward_pre_hook(recorder.entering(name)))
            handles.append(layer.register_forward_hook(recorder.leaving))
        with recorder:
            yield recorder.matrices
    finally:
        for handle in handles:
            handle.remove()


class _Recorder(TorchFunctionMode):
    """Sees every call of a torch function; acts on those of attention inside of a layer."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.matrices: dict[str, list[Tensor]] = {name: [] for name in names}
        self.layer: str | None = None

    def entering(self, name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        """A hook that says which layer is running."""

        def enter(_layer: nn.Module, _inputs: tuple[Any, ...]) -> None:
            self.layer = name

        return enter

    def leaving(self, _layer: nn.Module, _inputs: tuple[Any, ...], _output: Any) -> None:  # noqa: ANN401 - any layer's
        """The hook for when it ends."""
        self.layer = None

    @override
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if self.layer is None:
            return func(*args, **(kwargs or {}))
        if func is F.scaled_dot_product_attention:
            return attend(self._keep, *args, **(kwargs or {}))
        result = func(*args, **(kwargs or {}))
        return self._keep(result) if func in SOFTMAXES else result

    def _keep(self, matrix: Tensor) -> Tensor:
        """Record a matrix of the running layer, as a leaf if no graph leads to it."""
        leaf = matrix if matrix.requires_grad else matrix.detach().requires_grad_()
        self.matrices[self.layer or ""].append(leaf)
        return leaf


def attend(
    keep: Callable[[Tensor], Tensor],
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Compute `F.scaled_dot_product_attention` in steps, softmax in float32 at least.

    Args:
        keep: is given the matrix [...,Nq,Nk], before dropout, and returns what goes on.
        query: [...,heads,Nq,D]
        key: [...,heads,Nk,D]
        value: [...,heads,Nk,E]
        attn_mask: what is added to the scores, or True where a query may look; [...,Nq,Nk].
        dropout_p: share of the matrix that is dropped.
        is_causal: query i looks at keys 0..i only.
        scale: factor of the scores; None is D ** -0.5.
        enable_gqa: keys and values have fewer heads, each for some adjacent heads of the queries.

    Returns:
        [...,heads,Nq,E]

    >>> ones = torch.ones(1, 2, 4)
    >>> attend(lambda matrix: matrix, ones, ones, ones).shape
    torch.Size([1, 2, 4])
    """
    if enable_gqa:
        shared = query.shape[-3] // key.shape[-3]
        key, value = (tensor.repeat_interleave(shared, -3) for tensor in (key, value))
    scores = (query * (query.shape[-1] ** -0.5 if scale is None else scale)) @ key.mT
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if attn_mask is not None:
        masked = attn_mask.dtype == torch.bool
        scores = scores.masked_fill(~attn_mask, -torch.inf) if masked else scores + attn_mask
    matrix = keep(scores.softmax(-1, dtype=torch.promote_types(scores.dtype, torch.float32)))
    return F.dropout(matrix, dropout_p).to(value.dtype) @ value
