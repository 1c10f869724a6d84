"""A walk: bones keep their lengths, feet keep to the ground, legs take turns."""

import numpy as np
import pytest

from datasets.drawing.gait import ANKLE, FOREARM, SHIN, THIGH, UPPER_ARM, Gait, joints

GAIT = Gait(period=20, stride=0.4, arm_swing=0.4, elbow=0.3, lean=0.02)
PHASE = np.linspace(0, 2 * np.pi, 41)[:-1].astype(np.float32)
BODY = joints(GAIT, PHASE, shoulder_width=0.1, hip_width=0.05)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("start", "end", "length"), [("hip", "knee", THIGH), ("knee", "ankle", SHIN)])
def test_legs_keep_their_lengths(start: str, end: str, length: float, side: str) -> None:
    bone = BODY[f"{end}_{side}"] - BODY[f"{start}_{side}"]
    np.testing.assert_allclose(np.linalg.norm(bone, axis=1), length, rtol=1e-5)


def test_arms_keep_their_lengths() -> None:
    for start, end, length in (("shoulder", "elbow", UPPER_ARM), ("elbow", "hand", FOREARM)):
        bones = np.linalg.norm(BODY[f"{end}_left"] - BODY[f"{start}_left"], axis=1)
        np.testing.assert_allclose(bones, length, rtol=0.01)


def test_one_foot_is_always_on_the_ground() -> None:
    ankles = np.minimum(BODY["ankle_left"][:, 1], BODY["ankle_right"][:, 1])
    np.testing.assert_allclose(ankles, ANKLE, atol=1e-6)


def test_legs_take_turns() -> None:
    forward = BODY["ankle_left"][:, 2] - BODY["hip_left"][:, 2]
    other = BODY["ankle_right"][:, 2] - BODY["hip_right"][:, 2]
    np.testing.assert_allclose(np.roll(forward, 20), other, atol=1e-5)
    assert np.ptp(forward) > 0.2


def test_arms_swing_against_the_legs() -> None:
    leg = BODY["knee_left"][:, 2] - BODY["hip_left"][:, 2]
    arm = BODY["elbow_left"][:, 2] - BODY["shoulder_left"][:, 2]
    assert np.corrcoef(leg, arm)[0, 1] < -0.99
