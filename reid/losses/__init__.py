"""Losses, one file each."""

from reid.losses.base import Loss
from reid.losses.center import CenterLoss
from reid.losses.identity import IdentityLoss
from reid.losses.osm import OSMLoss
from reid.losses.triplet import TripletLoss

__all__ = ["CenterLoss", "IdentityLoss", "Loss", "OSMLoss", "TripletLoss"]
