"""What a model answers, as far as a target reads it, and every target asked about it."""

from types import SimpleNamespace
from typing import cast

import torch
from torch import Tensor

from explain.targets import (
    ClassLogit,
    ClassProbability,
    Contrast,
    Energy,
    LogProbability,
    MeanReference,
    PairSimilarity,
    Prototype,
    RunnerUp,
    Target,
    TripletMargin,
    WeightedRanks,
)
from reid.types import Output

CLIPS, WIDTH, CLASSES = 3, 6, 5


def answer(**parts: Tensor) -> Output:
    """The parts of an Output that a target reads."""
    return cast("Output", SimpleNamespace(**parts))


def random_answer(seed: int = 0, clips: int = CLIPS) -> Output:
    """Random logits [B,5] and embeddings [B,6]."""
    generator = torch.Generator().manual_seed(seed)
    before, after = torch.randn(2, clips, WIDTH, generator=generator)
    return answer(
        embedding=after,
        before_neck=before,
        after_neck=after,
        logits=torch.randn(clips, CLASSES, generator=generator),
    )


def gradient(target: Target, part: str, values: Tensor) -> Tensor:
    """The derivative of the scores by one part of the answer."""
    leaf = values.clone().requires_grad_()
    (found,) = torch.autograd.grad(target(answer(**{part: leaf})).sum(), leaf)
    return found


def vectors(seed: int, *shape: int, width: int = WIDTH) -> Tensor:
    """Random embeddings [...,width]."""
    return torch.randn(*shape, width, generator=torch.Generator().manual_seed(seed))


def all_targets(width: int = WIDTH) -> dict[str, Target]:
    """Every target in its several forms, for 3 clips of a model with so many numbers and 5 classes."""
    each, other = torch.tensor([2, 0, 1]), torch.tensor([4, 3, 3])
    one, rival = vectors(1, width=width), vectors(2, width=width)
    many, rivals = vectors(3, CLIPS, width=width), vectors(4, CLIPS, width=width)
    return {
        "class": ClassLogit(1),
        "class of each": ClassLogit(each),
        "class predicted": ClassLogit(),
        "probability": ClassProbability(1),
        "probability of each": ClassProbability(each),
        "probability predicted": ClassProbability(),
        "log probability": LogProbability(1),
        "log probability of each": LogProbability(each),
        "log probability predicted": LogProbability(),
        "energy": Energy(),
        "runner-up": RunnerUp(),
        "runner-up of each": RunnerUp(each),
        "rival of each": RunnerUp(each, other),
        "mean reference": MeanReference(),
        "mean reference named": MeanReference(each, torch.tensor([3, 4])),
        "mean reference of each": MeanReference(1, torch.stack([each, other], dim=1), gamma=1.0),
        "weighted ranks": WeightedRanks(),
        "weighted ranks of each": WeightedRanks(each, weights="full"),
        **{
            f"pair {kind} {norm} {name}": PairSimilarity(gallery, norm, kind)
            for kind in ("cosine", "dot", "neg_l2")
            for norm in ("detach", "full")
            for name, gallery in (("one", one), ("each", many))
        },
        "contrast": Contrast(one, rival),
        "contrast of each": Contrast(many, rivals),
        "contrast of each with one": Contrast(many, rival),
        "prototype": Prototype(vectors(5, 4, width=width)),
        "prototype of each": Prototype(vectors(6, CLIPS, 2, width=width)),
        "triplet": TripletMargin(one, rival, margin="soft"),
        "triplet of each": TripletMargin(many, rivals, margin=20.0),
        "triplet cosine": TripletMargin(many, rival, margin="soft", distance="cosine", feature="after_neck"),
        "function": total,
    }


def total(output: Output) -> Tensor:
    """Any function will do."""
    return output.logits.square().sum(1)
