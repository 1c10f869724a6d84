"""Which score is explained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional as F

from reid.errors import InputError
from reid.types import Output

Target = Callable[[Output], Tensor]
"""The model's answer for B clips -> their [B] scores; any function will do."""


@runtime_checkable
class OpenTarget(Protocol):
    """A target that first has to see what the model answers for the whole, unmasked clips."""

    def settle(self, output: Output) -> Target:
        """Return the target that `output` decides; masked copies of the clips are then scored by the same one."""


def settle(target: Target, output: Output) -> Target:
    """Settle `target` on the answer for the unmasked clips, if it is an open one.

    Every method that scores changed clips does this first: a predicted class picked anew for every mask would compare
    scores of different classes.
    """
    candidate: object = target
    return candidate.settle(output) if isinstance(candidate, OpenTarget) else target


@dataclass(frozen=True, slots=True, eq=False)
class ClassLogit:
    """The logit of a training identity: why does the model take this for that person?

    Args:
        identity: class index 0..K-1, or [B] one for each clip; None is the class predicted for each clip, which has to
            be settled first (see `settle`; every explainer does it).

    >>> from types import SimpleNamespace
    >>> output = SimpleNamespace(logits=torch.tensor([[0.0, 2.0], [5.0, 1.0]]))
    >>> ClassLogit(1)(output), settle(ClassLogit(), output)(output)
    (tensor([2., 1.]), tensor([2., 5.]))
    """

    identity: int | Tensor | None = None

    def settle(self, output: Output) -> Target:
        """Replace None by the class predicted for each clip."""
        return self if self.identity is not None else ClassLogit(output.logits.detach().argmax(dim=1))

    def __call__(self, output: Output) -> Tensor:
        """Score B clips, [B].

        Raises:
            InputError: the model has no such class.
            ValueError: the predicted class is asked for but was not settled.
        """
        if self.identity is None:
            raise ValueError("ClassLogit(None) is not settled: score with settle(target, output) instead")
        logits = output.logits.float()
        classes = torch.as_tensor(self.identity, device=logits.device).clone()  # a clone is no inference tensor
        if ((classes < 0) | (classes >= logits.shape[1])).any():
            raise InputError(f"identity {classes.tolist()}: the model knows the classes 0..{logits.shape[1] - 1}")
        return logits.gather(1, classes.expand(len(logits))[:, None]).squeeze(1)


@dataclass(frozen=True, slots=True, eq=False)
class RunnerUp:
    """FINER: the logit of a training identity less that of the next best one: why this person, and not that one?

    The form y_c - y_second of Finer-CAM (arXiv 2501.11309) with one reference and full weight.

    Args:
        identity: class index 0..K-1, or [B] one for each clip; None is the class predicted for each clip.
        rival: class index of the other, or [B]; None is the best class besides `identity`. What is None has to be
            settled first (see `settle`), on the unmasked clips.

    >>> from types import SimpleNamespace
    >>> output = SimpleNamespace(logits=torch.tensor([[3.0, 2.0, 1.0, 0.0]]))
    >>> settle(RunnerUp(), output)(output), settle(RunnerUp(2), output)(output)
    (tensor([1.]), tensor([-2.]))
    """

    identity: int | Tensor | None = None
    rival: int | Tensor | None = None

    def settle(self, output: Output) -> Target:
        """Choose the class and its rival by what the model answers for the whole clips."""
        logits = output.logits.detach()
        if logits.shape[1] < 2:  # noqa: PLR2004 - a class and a rival
            raise InputError("the model knows one person only, so there is nobody to compare with: do without finer")
        identity = logits.argmax(dim=1) if self.identity is None else self.identity
        if self.rival is not None:
            return RunnerUp(identity, self.rival)
        ClassLogit(identity)(output)  # says so if there is no such class
        own = torch.as_tensor(identity, device=logits.device).expand(len(logits))
        others = logits.scatter(1, own[:, None], -torch.inf)  # by class, not by rank: ties
        return RunnerUp(own, others.argmax(dim=1))

    def __call__(self, output: Output) -> Tensor:
        """Score B clips, [B].

        Raises:
            InputError: the model has no such class.
            ValueError: a class was left open and is not settled.
        """
        return ClassLogit(self.identity)(output) - ClassLogit(self.rival)(output)


@dataclass(frozen=True, slots=True, eq=False)
class PairSimilarity:
    """The cosine between a clip's embedding and another tracklet's: why do these two match?

    With `norm="detach"` S = <q / |q|, g / |g|> with |q| held constant. The gradient of the full cosine is orthogonal to
    q, so it vanishes exactly where the match is good, and its map sums to nothing; both have the same value.

    Args:
        gallery: [D] embedding of the other tracklet, or [B,D] one for each clip.
        norm: whether the gradient flows through the clip's own norm ("full") or not.

    >>> from types import SimpleNamespace
    >>> PairSimilarity(torch.tensor([1.0, 0.0]))(SimpleNamespace(embedding=torch.tensor([[3.0, 4.0]])))
    tensor([0.6000])
    """

    gallery: Tensor
    norm: Literal["detach", "full"] = "detach"

    def __call__(self, output: Output) -> Tensor:
        """Score B clips, [B].

        Raises:
            InputError: the gallery's embeddings are not as long as the model's.
        """
        query = output.embedding.float()
        if self.gallery.shape[-1] != query.shape[1]:
            raise InputError(
                f"the embedding to compare with has {self.gallery.shape[-1]} numbers, the model's {query.shape[1]}: "
                "embed both tracklets with the same model"
            )
        gallery = F.normalize(self.gallery.detach().to(query), dim=-1)
        length: Tensor = query.norm(dim=1).clamp_min(torch.finfo(torch.float32).tiny)
        return (query * gallery).sum(1) / (length.detach() if self.norm == "detach" else length)
