"""Make a model ready to be explained, and give it back as it was."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel


@contextmanager
def guard(model: nn.Module) -> Iterator[nn.Module]:
    """Hold a model still while it is explained.

    Inside: eval mode, gradients on (also within `no_grad` and `inference_mode`), parameters frozen, compilation off.
    Afterwards, also after an error: training flags, `requires_grad`, grad modes and random generators are as before.
    Tensors made in inference mode must be cloned inside before they meet a gradient.

    Args:
        model: what is explained; wrappers for several devices or for compilation are taken off.

    Yields:
        The bare model.
    """
    bare = unwrap(model)
    flags = [(module, module.training) for module in bare.modules()]
    learning = [parameter for parameter in bare.parameters() if parameter.requires_grad]
    with _same_random_numbers(bare), _uncompiled(bare), torch.inference_mode(False), torch.enable_grad():
        try:
            _to_eval(bare)
            _set_requires_grad(learning, to=False)
            yield bare
        finally:
            _set_requires_grad(learning, to=True)
            for module, training in flags:
                module.training = training


def unwrap(model: nn.Module) -> nn.Module:
    """Take off what `torch.compile` and data parallelism wrap around a model: hooks on a wrapper's inside never fire.

    >>> model = nn.Linear(1, 1)
    >>> unwrap(DataParallel(model)) is model
    True
    """
    if isinstance(model, DataParallel | DistributedDataParallel):
        return unwrap(model.module)
    inner = getattr(model, "_orig_mod", None)
    return model if inner is None else unwrap(inner)


def _to_eval(model: nn.Module) -> None:
    """Put the model in eval mode, but for recurrent layers: cuDNN differentiates them in training mode only.

    Without dropout the mode makes no other difference to them.
    """
    model.eval()
    for module in model.modules():
        if isinstance(module, nn.RNNBase) and module.dropout == 0:
            module.training = True


def _set_requires_grad(parameters: list[nn.Parameter], *, to: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(to)


def _same_random_numbers(model: nn.Module) -> AbstractContextManager[None]:
    """Give the generators of the CPU and of the model's device back as they are now."""
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    indices = [] if device.type in {"cpu", "meta", "mps"} else [device.index or 0]
    return torch.random.fork_rng(indices, device_type=device.type if indices else "cuda")


def _uncompiled(model: nn.Module) -> AbstractContextManager[None]:
    """Switch off compiled parts inside of the model, if there are any."""
    if any(_is_compiled(module) for module in model.modules()):
        stance: AbstractContextManager[None] = torch.compiler.set_stance("force_eager")
        return stance
    return nullcontext()


def _is_compiled(module: nn.Module) -> bool:
    """Whether `torch.compile` wrapped the module, or `module.compile()` changed it in place."""
    return hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None) is not None
