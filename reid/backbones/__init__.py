"""Backbones, one file each."""

from reid.backbones.base import Backbone
from reid.backbones.framewise import FrameWise
from reid.backbones.i3d import I3D
from reid.backbones.kinetics import VideoResNet
from reid.backbones.mvit import MViTv2
from reid.backbones.osnet import OSNet
from reid.backbones.resnet import ResNetTA
from reid.backbones.small import SmallResNet
from reid.backbones.tsm import TSM
from reid.backbones.uniformer import UniFormerV2

__all__ = [
    "I3D",
    "TSM",
    "Backbone",
    "FrameWise",
    "MViTv2",
    "OSNet",
    "ResNetTA",
    "SmallResNet",
    "UniFormerV2",
    "VideoResNet",
]
