"""What a mask is rewarded for: that the score stays where it shows the clip, and goes where it hides it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor
from typing_extensions import override

from explain.copies import score
from explain.targets import RunnerUp, Target
from explain.targets.classes import class_indices
from explain.targets.finer import AgainstReferences
from explain.targets.identity import ClassTarget
from reid.errors import InputError
from reid.types import Output

RewardName = Literal["score", "contrastive", "log_probability"]

_RESOLVED: Final = 1e-3
"""The least difference between a clip and nothing of it that counts, as a share of its scores."""


class Reward(ABC):
    """How badly copies of one clip show, or hide, what its score is made of."""

    @abstractmethod
    def shown(self, output: Output) -> Tensor:
        """Loss of n copies that are to have the evidence, [n]; smaller is better."""

    @abstractmethod
    def hidden(self, output: Output) -> Tensor:
        """Loss of n copies that are to be without it, [n]."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoreReward(Reward):
    """The score itself, in parts of what the clip has over nothing of it.

    So that one weight serves logits, similarities and probabilities: `shown` is 0 where a copy scores as the clip and
    1 where it scores as nothing, `hidden` the other way round. Neither is less than 0: there are masks that score far
    higher than the clip, but what they draw is no evidence that the clip has.

    Args:
        target: settled and narrowed to the clip.
        whole: score of the clip.
        empty: score of what is seen of it through a mask of zeros.
    """

    target: Target
    whole: float
    empty: float

    @override
    def shown(self, output: Output) -> Tensor:
        return ((self.whole - score(self.target, output)) / self._gain).relu()

    @override
    def hidden(self, output: Output) -> Tensor:
        return ((score(self.target, output) - self.empty) / self._gain).relu()

    @property
    def _gain(self) -> float:
        """What the clip has over nothing; never so small that rounding would be magnified."""
        size = max(abs(self.whole), abs(self.empty), torch.finfo(torch.float32).tiny)
        return max(abs(self.whole - self.empty), _RESOLVED * size)


@dataclass(frozen=True, slots=True, eq=False)
class LogProbabilityReward(Reward):
    """-log p and -log(1 - p) of a class, p the softmax (Li et al., WACV 2021).

    Args:
        identity: the class.
    """

    identity: int

    @override
    def shown(self, output: Output) -> Tensor:
        return -output.logits.float().log_softmax(1)[:, self.identity]

    @override
    def hidden(self, output: Output) -> Tensor:
        logits = output.logits.float()
        return logits.logsumexp(1) - _others(logits, self.identity).logsumexp(1)


@dataclass(frozen=True, slots=True, eq=False)
class BestRival:
    """A target: the logit of a class less that of the best other one of each copy (Fong et al. 2019).

    Args:
        identity: the class.
    """

    identity: int

    def __call__(self, output: Output) -> Tensor:
        """Score n copies, [n]."""
        logits = output.logits.float()
        return logits[:, self.identity] - _others(logits, self.identity).amax(1)


def reward_of(name: RewardName, target: Target, whole: Output, empty: Output) -> Reward:
    """Choose the reward of one clip.

    Args:
        name: "score" takes the target's own, of whatever it is; "contrastive" and "log_probability" take the class of
            the target.
        target: settled and narrowed to the clip.
        whole: the model's answer for the clip alone.
        empty: its answer for what is seen through a mask of zeros.

    Raises:
        InputError: the target is of no class.
    """
    if name == "log_probability":
        return LogProbabilityReward(_class_of(name, target, whole))
    chosen = BestRival(_class_of(name, target, whole)) if name == "contrastive" else target
    return ScoreReward(chosen, score(chosen, whole).item(), score(chosen, empty).item())


def _class_of(name: RewardName, target: Target, output: Output) -> int:
    """The class that a settled target is of."""
    if not isinstance(target, ClassTarget | RunnerUp | AgainstReferences):
        raise InputError(
            f"reward {name}: {type(target).__name__} is of no class; take reward score, or a class to explain"
        )
    if output.logits.shape[1] < 2:  # noqa: PLR2004 - a class and another
        raise InputError(f"reward {name}: the model knows one class only; take reward score")
    return int(class_indices(target.identity, output.logits)[0])


def _others(logits: Tensor, identity: int) -> Tensor:
    """Logits [n,K] with that of a class taken out of the running."""
    return logits.index_fill(1, torch.tensor([identity], device=logits.device), -torch.inf)
