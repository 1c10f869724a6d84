"""Losses, one file each."""

from reid.losses.arcface import ArcFaceLoss
from reid.losses.attention import AttentionLoss
from reid.losses.base import Loss
from reid.losses.center import CenterLoss
from reid.losses.circle import CircleLoss
from reid.losses.cosface import CosFaceLoss
from reid.losses.identity import IdentityLoss
from reid.losses.osm import OSMLoss
from reid.losses.triplet import TripletLoss
from reid.losses.weighted_triplet import WeightedTripletLoss

__all__ = [
    "ArcFaceLoss",
    "AttentionLoss",
    "CenterLoss",
    "CircleLoss",
    "CosFaceLoss",
    "IdentityLoss",
    "Loss",
    "OSMLoss",
    "TripletLoss",
    "WeightedTripletLoss",
]
