"""Backbones, one file each."""

from reid.backbones.base import Backbone
from reid.backbones.mvit import MViTv2
from reid.backbones.resnet import ResNetTA
from reid.backbones.uniformer import UniFormerV2

__all__ = ["Backbone", "MViTv2", "ResNetTA", "UniFormerV2"]
