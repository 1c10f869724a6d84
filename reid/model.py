"""A ReID model: backbone, neck and classifier."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from typing_extensions import override

from reid.backbones.base import Backbone
from reid.distances import Distance
from reid.losses.base import Feature
from reid.preprocess import Preprocess
from reid.types import Output


class ReIDModel(nn.Module):
    """A backbone with what person re-identification adds to it.

    Args:
        backbone: from pixels to a feature map and an embedding.
        num_identities: K, the number of training people.
        neck: "bnneck" puts a batch normalisation without bias between the embedding and a classifier without bias
            (Luo et al. 2019, arXiv 1903.07071); "none" classifies the embedding as it is.
        test_feature: which embedding is ranked.
        distance: how embeddings are compared.
    """

    identities: Tensor
    """[K] person number of each class, -1 where it is not known."""
    has_classes: bool
    """False if the model was loaded from weights without a classifier for it: its logits mean nothing."""

    def __init__(
        self,
        backbone: Backbone,
        num_identities: int,
        neck: Literal["none", "bnneck"] = "bnneck",
        test_feature: Feature = "after_neck",
        distance: Distance = "cosine",
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.test_feature = test_feature
        self.distance: Distance = distance
        self.neck: nn.Module = nn.Identity()
        self.classifier = nn.Linear(backbone.width, num_identities, bias=neck == "none")
        if neck == "bnneck":
            self.neck = nn.BatchNorm1d(backbone.width)
            self.neck.bias.requires_grad_(False)
            nn.init.normal_(self.classifier.weight, std=0.001)
        self.register_buffer("identities", torch.full((num_identities,), -1))
        self.has_classes = True

    @property
    def preprocess(self) -> Preprocess:
        """From uint8 frames [B,3,T,H,W] to the pixels that `forward` takes."""
        return self.backbone.preprocess

    @override
    def forward(self, pixels: Tensor) -> Output:
        """Embed and classify normalised pixels [B,3,T,H,W]."""
        features = self.backbone(pixels)
        before = features.embedding
        after = self.neck(before)
        logits = self.classifier(after)
        ranked = before if self.test_feature == "before_neck" else after
        return Output(ranked, logits, before, after, self.classifier.weight, features)

    def name_classes(self, persons: Sequence[int]) -> None:
        """Record the person number of each class.

        Raises:
            ValueError: there are more or fewer persons than classes.
        """
        if len(persons) != len(self.identities):
            raise ValueError(f"{len(persons)} persons for {len(self.identities)} classes")
        self.identities.copy_(torch.as_tensor(persons))


def put_channels_last(model: nn.Module) -> None:
    """Lay out image kernels [O,I,H,W] with the channels last in memory; convolutions then put out maps like that."""
    for parameter in model.parameters():
        if parameter.ndim == 4:  # noqa: PLR2004 - O,I,H,W
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
