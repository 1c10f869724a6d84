"""Which score is explained, one idea a file.

A target is any function from the model's answer for B clips to their [B] scores. Those here are frozen dataclasses: of
one identity (`identity`), of one against others (`finer`), of two tracklets (`pair`), of a match against a rival
(`contrast`), of a tracklet and a person (`prototype`), of a triplet of the training (`triplet`), of nothing but the
embedding (`energy`). A new one is a new file.
"""

from explain.targets.base import OpenTarget, Target, narrow, per_clip, settle
from explain.targets.contrast import Contrast
from explain.targets.energy import Energy
from explain.targets.finer import MeanReference, RunnerUp, WeightedRanks
from explain.targets.identity import ClassLogit, ClassProbability, LogProbability
from explain.targets.pair import PairSimilarity, kind_of
from explain.targets.prototype import Prototype
from explain.targets.triplet import TripletMargin

__all__ = [
    "ClassLogit",
    "ClassProbability",
    "Contrast",
    "Energy",
    "LogProbability",
    "MeanReference",
    "OpenTarget",
    "PairSimilarity",
    "Prototype",
    "RunnerUp",
    "Target",
    "TripletMargin",
    "WeightedRanks",
    "kind_of",
    "narrow",
    "per_clip",
    "settle",
]
