"""The model around a backbone."""

import pytest
import torch

from reid.backbones import ResNetTA
from reid.model import ReIDModel


def model(**options: object) -> ReIDModel:
    torch.manual_seed(0)
    return ReIDModel(ResNetTA(18, (64, 32)), num_identities=5, **options).eval()  # type: ignore[arg-type]


def test_bnneck_has_no_biases_and_feeds_the_classifier() -> None:
    network = model(neck="bnneck")
    assert isinstance(network.neck, torch.nn.BatchNorm1d)
    assert not network.neck.bias.requires_grad
    assert network.classifier.bias is None
    network.neck.running_mean = torch.ones(512)
    output = network(torch.randn(2, 3, 2, 64, 32))
    assert not torch.equal(output.before_neck, output.after_neck)
    torch.testing.assert_close(output.logits, output.after_neck @ output.class_vectors.T)


def test_without_a_neck_both_features_are_one() -> None:
    output = model(neck="none")(torch.randn(2, 3, 2, 64, 32))
    assert output.before_neck is output.after_neck


@pytest.mark.parametrize("feature", ["before_neck", "after_neck"])
def test_the_ranked_embedding_is_the_chosen_one(feature: str) -> None:
    output = model(neck="bnneck", test_feature=feature)(torch.randn(2, 3, 2, 64, 32))
    assert output.embedding is getattr(output, feature)


def test_classes_are_named_once_and_travel_in_the_state() -> None:
    network = model()
    assert network.identities.tolist() == [-1] * 5
    network.name_classes([1, 3, 5, 7, 9])
    assert network.state_dict()["identities"].tolist() == [1, 3, 5, 7, 9]
    with pytest.raises(ValueError, match="2 persons for 5 classes"):
        network.name_classes([1, 2])
