"""What a mask is rewarded for: that the score stays where it shows the clip, and goes where it hides it."""

from dataclasses import dataclass
from typing import Final, Literal, assert_never

import torch
from torch import Tensor

from explain.copies import score
from explain.targets import LogProbability, RunnerUp, Target
from explain.targets.classes import class_indices
from explain.targets.finer import AgainstReferences
from explain.targets.identity import ClassTarget
from reid.errors import InputError
from reid.types import Output

RewardName = Literal["score", "contrastive", "log_probability"]

_RESOLVED: Final = 1e-3
"""The least difference between a clip and nothing of it that counts, as a share of its scores."""


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """A score in parts of what a clip has over nothing of it, so that one weight serves scores of any size.

    Neither loss is less than 0. There are masks that score far higher than the clip, but what they draw is no evidence
    that the clip has.

    Args:
        target: settled and narrowed to the clip.
        whole: score of the clip.
        empty: score of what is seen of it through a mask of zeros.
    """

    target: Target
    whole: float
    empty: float

    def lost(self, output: Output) -> Tensor:
        """How much n copies lack, [n]: 0 is as the clip, 1 as nothing."""
        return ((self.whole - score(self.target, output)) / self._gain).relu()

    def left(self, output: Output) -> Tensor:
        """How much n copies still have, [n]: 1 is as the clip, 0 as nothing."""
        return ((score(self.target, output) - self.empty) / self._gain).relu()

    @property
    def _gain(self) -> float:
        """What the clip has over nothing; never so small that rounding would be magnified."""
        size = max(abs(self.whole), abs(self.empty), torch.finfo(torch.float32).tiny)
        return max(abs(self.whole - self.empty), _RESOLVED * size)


@dataclass(frozen=True, slots=True, eq=False)
class Reward:
    """What is made of the score of one clip.

    Attributes:
        kept: is to stay where only the mask is seen.
        gone: is to go where the mask is hidden.
    """

    kept: Scale
    gone: Scale


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


@dataclass(frozen=True, slots=True, eq=False)
class LogImprobability:
    """A target: -log(1 - p) of a class, p the softmax. It falls with p, also where p is near 1.

    Args:
        identity: the class.
    """

    identity: int

    def __call__(self, output: Output) -> Tensor:
        """Score n copies, [n]."""
        logits = output.logits.float()
        return logits.logsumexp(1) - _others(logits, self.identity).logsumexp(1)


def reward_of(name: RewardName, target: Target, whole: Output, empty: Output) -> Reward:
    """Choose the reward of one clip.

    Args:
        name: "score" takes the target's own, of whatever it is; "contrastive" takes the logit of the target's class
            less the best other one (Fong et al. 2019); "log_probability" takes log p of the class where the score is to
            stay and log(1 - p) where it is to go (Li et al., WACV 2021).
        target: settled and narrowed to the clip.
        whole: the model's answer for the clip alone.
        empty: its answer for what is seen through a mask of zeros.

    Raises:
        InputError: the target is of no class.
    """
    kept, gone = _targets(name, target, whole)
    scales = [Scale(one, score(one, whole).item(), score(one, empty).item()) for one in (kept, gone)]
    return Reward(*scales)


def _targets(name: RewardName, target: Target, output: Output) -> tuple[Target, Target]:
    """What is to stay and what is to go; both are high where the evidence is."""
    match name:
        case "score":
            return target, target
        case "contrastive":
            rival = BestRival(_class_of(name, target, output))
            return rival, rival
        case "log_probability":
            identity = _class_of(name, target, output)
            return LogProbability(identity), LogImprobability(identity)
    assert_never(name)


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
