"""FINER: why this person, and not those who look alike? (Finer-CAM, Zhang et al. 2025, arXiv 2501.11309).

Three forms are in circulation. With y the logits, c the class and d its references:

    RunnerUp        y_c - y_d, d the best other class
    MeanReference   y_c - gamma * mean_d y_d, d the three classes nearest to y_c: the paper
    WeightedRanks   sum_d p_d (y_c - alpha * y_d) / sum_d p_d, p the softmax: the authors' code

The references are chosen once, on the unmasked clips, by `settle`, and c is left out by its index, not by its rank:
ties would let it in.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor
from typing_extensions import override

from explain.targets.base import Target, per_clip
from explain.targets.classes import class_indices
from explain.targets.identity import ClassLogit
from reid.errors import InputError
from reid.types import Output

REFERENCES = 3
"""How many similar classes are compared with, as published; a model with fewer gives all it has."""


@dataclass(frozen=True, slots=True, eq=False)
class RunnerUp:
    """FINER: the logit of a training identity less that of the next best one: why this person, and not that one?

    The form y_c - y_second of Finer-CAM (arXiv 2501.11309) with one reference and full weight.

    Args:
        identity: class index 0..K-1, or [B] one for each clip; None is the class predicted for each clip.
        rival: class index of the other, or [B]; None is the best class besides `identity`. What is None has to be
            settled first (see `settle`), on the unmasked clips.

    >>> from types import SimpleNamespace
    >>> from explain.targets import settle
    >>> output = SimpleNamespace(logits=torch.tensor([[3.0, 2.0, 1.0, 0.0]]))
    >>> settle(RunnerUp(), output)(output), settle(RunnerUp(2), output)(output)
    (tensor([1.]), tensor([-2.]))
    """

    identity: int | Tensor | None = field(default=None, metadata=per_clip(ndim=0))
    rival: int | Tensor | None = field(default=None, metadata=per_clip(ndim=0))

    def settle(self, output: Output) -> Target:
        """Choose the class and its rival by what the model answers for the whole clips.

        Raises:
            InputError: the model has no such class, or no second one.
        """
        if self.identity is not None and self.rival is not None:
            return self
        logits = output.logits.detach().float()
        own = _settled(self.identity, logits)
        best_other = logits.scatter(1, own[:, None], -torch.inf).argmax(dim=1)
        return RunnerUp(own, best_other if self.rival is None else self.rival)

    def __call__(self, output: Output) -> Tensor:
        """Score B clips, [B] float32.

        Raises:
            InputError: the model has no such class.
            ValueError: a class was left open and is not settled, or the classes are for another number of clips.
        """
        return ClassLogit(self.identity)(output) - ClassLogit(self.rival)(output)


@dataclass(frozen=True, slots=True, eq=False)
class AgainstReferences(ABC):
    """A class against R others. A new form is a dataclass with `compare`.

    Args:
        identity: class index 0..K-1, or [B] one for each clip; None is the class predicted for each clip.
        references: [R] class indices to compare with, or [B,R]; None are the three whose logits are nearest to the
            class's own. What is None has to be settled first (see `settle`), on the unmasked clips.
    """

    identity: int | Tensor | None = field(default=None, metadata=per_clip(ndim=0))
    references: Tensor | None = field(default=None, metadata=per_clip(ndim=1))

    def settle(self, output: Output) -> Target:
        """Choose the class and its references by what the model answers for the whole clips.

        Raises:
            InputError: the model has no such class, or no second one.
        """
        if self.identity is not None and self.references is not None:
            return self
        logits = output.logits.detach().float()
        own = _settled(self.identity, logits)
        references = _nearest(logits, own) if self.references is None else self.references
        return replace(self, identity=own, references=references)

    def __call__(self, output: Output) -> Tensor:
        """Score B clips, [B] float32.

        Raises:
            InputError: the model has no such class, or there is no reference.
            ValueError: a class was left open and is not settled, or the classes are for another number of clips.
        """
        logits = output.logits.float()
        own, others = class_indices(self.identity, logits), class_indices(self.references, logits, ndim=1)
        if others.shape[1] == 0:
            raise InputError("no reference class: name at least one, or leave them out to take the most similar ones")
        return self.compare(logits, own[:, None], others)

    @abstractmethod
    def compare(self, logits: Tensor, own: Tensor, others: Tensor) -> Tensor:
        """Score B clips, [B], from logits [B,K] and the indices of the class [B,1] and of its references [B,R]."""


@dataclass(frozen=True, slots=True, eq=False)
class MeanReference(AgainstReferences):
    """FINER: y_c - gamma * mean_d y_d, as the paper defines it (arXiv 2501.11309).

    Args:
        identity: see `AgainstReferences`.
        references: see `AgainstReferences`.
        gamma: how much of the references is taken off; at 1 what they share with the class is gone, at 0 the score
            is `ClassLogit`.

    >>> from types import SimpleNamespace
    >>> from explain.targets import settle
    >>> output = SimpleNamespace(logits=torch.tensor([[3.0, 2.0, 1.0, 0.0]]))
    >>> settle(MeanReference(), output)(output)
    tensor([2.4000])
    """

    gamma: float = 0.6

    @override
    def compare(self, logits: Tensor, own: Tensor, others: Tensor) -> Tensor:
        return logits.gather(1, own).squeeze(1) - self.gamma * logits.gather(1, others).mean(1)


@dataclass(frozen=True, slots=True, eq=False)
class WeightedRanks(AgainstReferences):
    """FINER: sum_d p_d (y_c - alpha * y_d) / (sum_d p_d + 1e-9), as the authors' code computes it.

    p is the softmax over all classes, so that the likeliest reference counts most. With p held constant the score is
    linear in the logits; the authors' code, and pytorch-grad-cam, differentiate p too. Where the model is so sure that
    all references are below 1e-9, the score fades to 0: `MeanReference` does not.

    Args:
        identity: see `AgainstReferences`.
        references: see `AgainstReferences`.
        alpha: how much of each reference is taken off.
        weights: whether the gradient flows through p ("full") or not.

    >>> from types import SimpleNamespace
    >>> from explain.targets import settle
    >>> output = SimpleNamespace(logits=torch.tensor([[3.0, 2.0, 1.0, 0.0]]))
    >>> settle(WeightedRanks(), output)(output)
    tensor([1.4248])
    """

    alpha: float = 1.0
    weights: Literal["detach", "full"] = "detach"

    @override
    def compare(self, logits: Tensor, own: Tensor, others: Tensor) -> Tensor:
        likely = logits.softmax(1).gather(1, others)
        weights = likely.detach() if self.weights == "detach" else likely
        gap = logits.gather(1, own) - self.alpha * logits.gather(1, others)  # [B,R]
        return (weights * gap).sum(1) / (weights.sum(1) + 1e-9)


def _settled(identity: int | Tensor | None, logits: Tensor) -> Tensor:
    """The class of each clip, [B], in logits [B,K]."""
    if logits.shape[1] < 2:  # noqa: PLR2004 - a class and a rival
        raise InputError("the model knows one person only, so there is nobody to compare with: do without finer")
    return class_indices(logits.argmax(dim=1) if identity is None else identity, logits)


def _nearest(logits: Tensor, own: Tensor) -> Tensor:
    """The classes, nearest first, whose logits [B,K] are nearest to that of the class [B]: [B,3] or fewer."""
    gap = (logits - logits.gather(1, own[:, None])).abs()
    gap = gap.scatter(1, own[:, None], torch.inf)
    return gap.sort(dim=1, stable=True).indices[:, : min(REFERENCES, logits.shape[1] - 1)]
