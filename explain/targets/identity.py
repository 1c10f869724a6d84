"""Why does the model take this for that person?"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace

from torch import Tensor
from typing_extensions import override

from explain.targets.base import Target, per_clip
from explain.targets.classes import class_indices
from reid.types import Output


@dataclass(frozen=True, slots=True, eq=False)
class ClassTarget(ABC):
    """A score of one training identity. A new one is a dataclass with `scores`.

    Args:
        identity: class index 0..K-1, or [B] one for each clip; None is the class predicted for each clip, which has to
            be settled first (see `settle`; every explainer does it).
    """

    identity: int | Tensor | None = field(default=None, metadata=per_clip(ndim=0))

    def settle(self, output: Output) -> Target:
        """Replace None by the class predicted for each clip."""
        return self if self.identity is not None else replace(self, identity=output.logits.detach().argmax(dim=1))

    def __call__(self, output: Output) -> Tensor:
        """Score B clips, [B] float32.

        Raises:
            InputError: the model has no such class.
            ValueError: the predicted class is asked for but was not settled, or the classes are for another number of
                clips.
        """
        scores = self.scores(output.logits.float())
        return scores.gather(1, class_indices(self.identity, scores)[:, None]).squeeze(1)

    @abstractmethod
    def scores(self, logits: Tensor) -> Tensor:
        """Turn logits [B,K] into scores of all classes [B,K]."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassLogit(ClassTarget):
    """The logit of a training identity: why does the model take this for that person?

    Args:
        identity: class index 0..K-1, or [B] one for each clip; None is the class predicted for each clip, which has to
            be settled first (see `settle`; every explainer does it).

    >>> import torch
    >>> from types import SimpleNamespace
    >>> from explain.targets import settle
    >>> output = SimpleNamespace(logits=torch.tensor([[0.0, 2.0], [5.0, 1.0]]))
    >>> ClassLogit(1)(output), settle(ClassLogit(), output)(output)
    (tensor([2., 1.]), tensor([2., 5.]))
    """

    @override
    def scores(self, logits: Tensor) -> Tensor:
        return logits


@dataclass(frozen=True, slots=True, eq=False)
class ClassProbability(ClassTarget):
    """The softmax probability of a training identity, as deletion and insertion curves are drawn.

    Its gradient by the logit is p (1 - p), which vanishes where the model is sure: map `ClassLogit` there.

    Args:
        identity: see `ClassLogit`.

    >>> import torch
    >>> from types import SimpleNamespace
    >>> ClassProbability(1)(SimpleNamespace(logits=torch.tensor([[0.0, 0.0]])))
    tensor([0.5000])
    """

    @override
    def scores(self, logits: Tensor) -> Tensor:
        return logits.softmax(1)


@dataclass(frozen=True, slots=True, eq=False)
class LogProbability(ClassTarget):
    """The logarithm of the softmax probability of a training identity: its cross entropy, negated.

    Unlike the logit it falls when another class rises. Its gradient by the logit is 1 - p, which vanishes where the
    model is sure.

    Args:
        identity: see `ClassLogit`.

    >>> import torch
    >>> from types import SimpleNamespace
    >>> LogProbability(1)(SimpleNamespace(logits=torch.tensor([[0.0, 0.0]])))
    tensor([-0.6931])
    """

    @override
    def scores(self, logits: Tensor) -> Tensor:
        return logits.log_softmax(1)
