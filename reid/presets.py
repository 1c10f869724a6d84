"""The three ResNet50-TA networks that papers quote, ready built."""

from reid.backbones.resnet import ResNetTA
from reid.model import ReIDModel


def resnet50_ta(num_identities: int, pretrained: bool = False) -> ReIDModel:
    """Build ResNet50-TA as published by Gao and Nevatia 2018 (arXiv 1805.02104): 224x112, no neck, Euclidean ranking.

    Args:
        num_identities: K, the number of training people.
        pretrained: start from ImageNet weights.
    """
    backbone = ResNetTA(50, (224, 112), last_stride=2, attention="full", attention_relu=True, pretrained=pretrained)
    return ReIDModel(backbone, num_identities, neck="none", distance="euclidean")


def resnet50_ta_bt(num_identities: int, pretrained: bool = False) -> ReIDModel:
    """Build the bag-of-tricks form of Pathak et al. 2019 (arXiv 1912.05295): last stride 1 and a BN neck.

    All its losses and its Euclidean ranking read the embedding after the neck.

    Args:
        num_identities: K, the number of training people.
        pretrained: start from ImageNet weights.
    """
    backbone = ResNetTA(50, (224, 112), last_stride=1, attention="full", attention_relu=True, pretrained=pretrained)
    return ReIDModel(backbone, num_identities, neck="bnneck", test_feature="after_neck", distance="euclidean")


def resnet50_ta_strong(num_identities: int, pretrained: bool = False) -> ReIDModel:
    """Build our strong baseline: 256x128, BN neck, pooled attention that can learn, cosine ranking after the neck.

    Metric losses should read `before_neck` (Luo et al. 2019, arXiv 1903.07071).

    Args:
        num_identities: K, the number of training people.
        pretrained: start from ImageNet weights.
    """
    backbone = ResNetTA(50, (256, 128), last_stride=1, attention="pooled", pretrained=pretrained)
    return ReIDModel(backbone, num_identities, neck="bnneck", test_feature="after_neck", distance="cosine")
