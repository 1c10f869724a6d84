"""A plain action model: a backbone, a classifier and the names of its classes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor, nn
from typing_extensions import override

from reid.backbones.base import Backbone
from reid.backbones.i3d import I3D
from reid.backbones.kinetics import VideoResNet, kinetics_labels, kinetics_weights
from reid.backbones.tsm import TSM
from reid.errors import InputError
from reid.imports.tsm import Head, with_head
from reid.loading import load_tensors
from reid.preprocess import Preprocess
from reid.types import Output
from reid.weights import read_checkpoint, tensors_of

Architecture = Literal["i3d", "r3d", "mc3", "r2plus1d", "tsm"]

CLIP_LENGTHS: Final[dict[Architecture, int]] = {"i3d": 16, "r3d": 16, "mc3": 16, "r2plus1d": 16, "tsm": 8}
"""Frames of a clip: what the networks saw in training; of I3D, which saw 64, what makes two steps of its map."""


class Prediction(NamedTuple):
    """One class of a clip."""

    label: str
    probability: float


class VideoClassifier(nn.Module):
    """A backbone with a linear classifier on its embedding.

    Args:
        backbone: from pixels to a feature map and an embedding.
        num_classes: K.
        labels: names of the K classes; None numbers them.
        dropout: share of the embedding that is dropped in training.

    Raises:
        InputError: there are more or fewer names than classes.
    """

    def __init__(
        self, backbone: Backbone, num_classes: int, labels: Sequence[str] | None = None, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.labels = tuple(map(str, range(num_classes))) if labels is None else tuple(labels)
        if len(self.labels) != num_classes:
            raise InputError(f"{len(self.labels)} labels for {num_classes} classes: give one name for each class")
        self.backbone = backbone
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(backbone.width, num_classes)

    @property
    def preprocess(self) -> Preprocess:
        """From uint8 frames [B,3,T,H,W] to the pixels that `forward` takes."""
        return self.backbone.preprocess

    @override
    def forward(self, pixels: Tensor) -> Output:
        """Embed and classify normalised pixels [B,3,T,H,W]."""
        features = self.backbone(pixels)
        embedding = features.embedding
        logits = self.classifier(self.dropout(embedding))
        return Output(embedding, logits, embedding, embedding, self.classifier.weight, features)

    @torch.no_grad()
    def predict(self, pixels: Tensor, top: int = 5) -> list[list[Prediction]]:
        """Name the likeliest classes of each clip, best first.

        Args:
            pixels: [B,3,T,H,W] normalised.
            top: how many classes; fewer where the model has fewer.

        Returns:
            B lists of predictions; probabilities are the softmax over all classes.
        """
        return likeliest(self(pixels).logits, self.labels, top)


def likeliest(logits: Tensor, labels: Sequence[str], top: int = 5) -> list[list[Prediction]]:
    """Name the likeliest classes of each clip, best first.

    Args:
        logits: [B,K].
        labels: names of the K classes.
        top: how many classes; fewer where there are fewer.

    Returns:
        B lists of predictions; probabilities are the softmax over all classes.

    >>> [[label for label, _ in one] for one in likeliest(torch.tensor([[1.0, 3.0, 2.0]]), ("run", "sit", "wave"), 2)]
    [['sit', 'wave']]
    """
    best = logits.detach().float().softmax(1).topk(min(top, len(labels)))
    return [
        [Prediction(labels[place], value) for value, place in zip(values, places, strict=True)]
        for values, places in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]


def load_classifier(
    architecture: Architecture,
    weights: Path | None = None,
    labels: Sequence[str] | None = None,
    head: Head | None = None,
) -> VideoClassifier:
    """Build a published action model with its weights, in eval mode.

    Args:
        architecture: Inception-I3D, R3D-18, MC3-18, R(2+1)D-18 or TSM-ResNet50.
        weights: a file in the layout of its authors, of torchvision, or of ours; its classifier decides the number of
            classes. None fetches torchvision's Kinetics-400 weights, for the three networks that it has.
        labels: names of the classes; None takes those of Kinetics-400 for 400 classes, and numbers otherwise.
        head: which classifier of a file that holds two, as TSM trained on EPIC-Kitchens (125 verbs, 352 nouns) does.

    Raises:
        InputError: the weights cannot be read or fetched, are not this network's, have another number of classes, or
            two classifiers and none was chosen.
    """
    source = f"checkpoint {weights or architecture}"
    backbone = _backbone(architecture)
    tensors = backbone.translated(with_head(_tensors(architecture, weights), head, source))
    if "classifier.weight" not in tensors:
        raise InputError(f"{source}: has no classifier of {architecture}; give a file of this architecture")
    num_classes = len(tensors["classifier.weight"])
    if labels is None and num_classes == len(kinetics_labels()):
        labels = kinetics_labels()
    model = VideoClassifier(backbone, num_classes, labels)
    report = load_tensors(model, backbone, tensors)
    if report.missing or report.dropped or report.reshaped:
        raise InputError(f"{source}: does not fit {architecture}: {report}; give a file of this architecture")
    return model.eval()


def read_labels(path: Path) -> tuple[str, ...]:
    """Read the names of classes in their order: a JSON list, or text with one name a line.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
        names = json.loads(text) if path.suffix == ".json" else text.split("\n")
    except (OSError, ValueError) as error:
        raise InputError(f"labels {path}: cannot be read ({error}); give a JSON list or one name a line") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"labels {path}: expected a list of names in the order of the classes")
    return tuple(name.strip() for name in names if name.strip())


def _backbone(architecture: Architecture) -> I3D | TSM | VideoResNet:
    """The network without its classifier, with random weights."""
    match architecture:
        case "i3d":
            return I3D()
        case "tsm":
            return TSM()
        case _:
            return VideoResNet(architecture)


def _tensors(architecture: Architecture, weights: Path | None) -> dict[str, Tensor]:
    """Read the file, or fetch the weights."""
    if weights is not None:
        return tensors_of(read_checkpoint(weights))
    match architecture:
        case "i3d" | "tsm":
            raise InputError(
                f"{architecture}: torchvision has no weights of it: give a file of its authors (--weights)"
            )
        case _:
            return kinetics_weights(architecture)
