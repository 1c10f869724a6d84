"""One batch of all processes, so that losses mine across them."""

from functools import cache
from typing import Any

import torch
from torch import Tensor, distributed
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from typing_extensions import override

from reid.errors import InputError
from reid.types import Output


def gather_batch(output: Output, person: Tensor) -> tuple[Output, Tensor]:
    """Join the batches of all processes in the order of their ranks; a process alone gets back what it gave.

    Every process then computes the loss of the whole batch, and in the backward pass the gradient of a clip is the sum
    of those that the processes have for it. With the averaging of DistributedDataParallel the parameters get the
    gradient that one process would have on the whole batch. Batch normalisation still trains on the share of its
    process, unless it is synchronised.

    `class_vectors` and `centers`, the same everywhere, stay as they are. So do the feature map and its pooling, which
    are larger than all the rest: they are those of this process.

    Args:
        output: the model's answer for the B clips of this process.
        person: [B] class indices.

    Returns:
        The answer for the W * B clips of all W processes, and their class indices.

    Raises:
        InputError: on every process, where they have unequal numbers of clips.
    """
    if processes() == 1:
        return output, person
    _require_one_size(person)
    join = cache(_gather)  # `embedding` is one of the others; without a neck they are all one tensor
    scores, erased = output.features.attention_scores, output.erased
    features = output.features._replace(
        embedding=join(output.features.embedding), attention_scores=None if scores is None else join(scores)
    )
    joined = output._replace(
        embedding=join(output.embedding),
        logits=join(output.logits),
        before_neck=join(output.before_neck),
        after_neck=join(output.after_neck),
        features=features,
        erased=None if erased is None else join(erased),
    )
    return joined, join(person)


def processes() -> int:
    """Count the processes that train together; 1 where there is no process group."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def add_up(*tensors: Tensor) -> None:
    """Add up each tensor over all processes, in place."""
    if processes() > 1:
        for tensor in tensors:
            distributed.all_reduce(tensor)


def _require_one_size(person: Tensor) -> None:
    """Raise on every process if they have unequal numbers of clips, [B]; to gather those would hang, or mix them up."""
    sizes: list[int] = _gather(torch.tensor([len(person)], device=person.device)).tolist()
    if len(set(sizes)) > 1:
        raise InputError(
            f"the processes have batches of {', '.join(map(str, sizes))} clips, and only equal ones can be gathered: "
            "leave the incomplete batch at the end of an epoch out (drop_last)"
        )


def _gather(share: Tensor) -> Tensor:
    """Join the equal shares [B,...] of all processes, [W*B,...]."""
    whole: Tensor = _Gather.apply(share)
    return whole


class _Gather(Function):
    """The one of `torch.distributed.nn.functional` is deprecated, and its successor newer than our oldest torch."""

    @staticmethod
    @override
    def forward(ctx: Any, share: Tensor) -> Tensor:
        shares = [torch.empty_like(share, memory_format=torch.contiguous_format) for _ in range(processes())]
        distributed.all_gather(shares, share.contiguous())
        return torch.cat(shares)

    @staticmethod
    @override
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total.chunk(processes())[distributed.get_rank()]
