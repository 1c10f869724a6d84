"""Integrated gradients of a trained network on real clips."""

import os
from pathlib import Path

import pytest
import torch

from explain.gradients import IntegratedGradients
from explain.targets import ClassLogit
from reid.classifier import load_classifier
from tests.reid.test_classifier import centre_crop

DATA = Path(os.environ.get("REIDLENS_DATA", "no-data"))


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="REIDLENS_DATA names no folder with weights and kinetics_clips")
@pytest.mark.parametrize(
    ("clip", "bound"), [("abseiling-4lFmhj4x43c_66_10", 0.01), ("playing_guitar-2enXX9xrIp0_7_10", 0.25)]
)
def test_i3d_adds_up_as_far_as_its_gradient_can_be_integrated(clip: str, bound: float) -> None:
    """The best and the worst of eight clips, from black.

    The gradient of a trained network of ReLUs jumps from place to place on the line, and its parts above and below zero
    add up to hundreds of times the change: what 20 nodes miss is a share of that mass, not of the change.
    """
    model = load_classifier("i3d", DATA / "weights" / "i3d_kinetics400.pth").to(memory_format=torch.channels_last_3d)
    told: dict[str, float] = {}
    method = IntegratedGradients(batch_size=2, note=lambda name, values: told.update({name: values[0]}))
    raw = method(model, model.preprocess(centre_crop(DATA / "kinetics_clips" / clip)), ClassLogit())
    assert told["integration_error_relative"] < bound
    assert told["integration_error"] < 1e-3 * raw.abs().sum()
    assert told["completeness_error_relative"] < 0.01
