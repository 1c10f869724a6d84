"""How a person walks: the joints of a body over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from datasets.drawing.shape import Floats, vector

THIGH: Final = 0.245
SHIN: Final = 0.245
ANKLE: Final = 0.04
FOOT: Final = 0.095
SHOULDER: Final = 0.285
"""Height of the shoulders above the hip."""
HEAD: Final = 0.385
"""Height of the head's middle above the hip."""
UPPER_ARM: Final = 0.155
FOREARM: Final = 0.165


@dataclass(frozen=True, slots=True)
class Gait:
    """A way of walking. Angles in radians, lengths in body heights.

    Attributes:
        period: frames of a double step.
        stride: swing of the thigh.
        arm_swing: swing of the upper arm.
        elbow: bend of the elbow at rest.
        lean: how far the shoulders are ahead of the hips.
    """

    period: float
    stride: float
    arm_swing: float
    elbow: float
    lean: float


def joints(gait: Gait, phase: Floats, shoulder_width: float, hip_width: float) -> Mapping[str, Floats]:
    """Place the joints of a walking person.

    Args:
        gait: how the person walks.
        phase: [T] of the left leg, radians.
        shoulder_width: half the distance of the shoulder joints, in body heights.
        hip_width: half the distance of the hip joints.

    Returns:
        Per joint [T,3]: to the person's left, up, and forward, in body heights above the ground. The names are
        hip, chest, head and, with the suffix _left or _right, hip, knee, ankle, toe, shoulder, elbow, hand.

    >>> walk = Gait(period=16, stride=0.4, arm_swing=0.3, elbow=0.2, lean=0.0)
    >>> body = joints(walk, vector(0.0), shoulder_width=0.1, hip_width=0.05)
    >>> round(float(body["head"][0, 1]), 1), len(body)
    (0.9, 17)
    """
    body = {
        "hip": _points(phase, 0, 0, 0),
        "chest": _points(phase, 0, SHOULDER, gait.lean),
        "head": _points(phase, 0, HEAD, 1.4 * gait.lean),
    }
    for side, sign, own in (("left", 1, phase), ("right", -1, phase + np.float32(np.pi))):
        limbs = _leg(gait, own, sign * hip_width) | _arm(gait, own, sign * shoulder_width)
        body |= {f"{name}_{side}": joint for name, joint in limbs.items()}
    lowest = np.minimum(body["ankle_left"][:, 1], body["ankle_right"][:, 1]) - ANKLE
    lift = _points(phase, 0.008 * np.cos(phase), -lowest, 0)  # the standing foot carries a body that sways a little
    return {name: joint + lift for name, joint in body.items()}


def _leg(gait: Gait, phase: Floats, aside: float) -> dict[str, Floats]:
    """Joints of one leg below a hip at height 0: the knee bends while the leg swings forward."""
    thigh = gait.stride * np.sin(phase) + 0.04
    shin = thigh - 0.08 - 1.1 * (0.3 + gait.stride) * np.maximum(0, np.cos(phase + 0.3)) ** 1.5
    foot = np.minimum(shin + 0.12, 0.15)  # the toes hang down behind and are lifted a little in front
    hip = _points(phase, aside, 0, 0)
    knee = hip + _bone(thigh, THIGH)
    ankle = knee + _bone(shin, SHIN)
    toe = ankle + _points(phase, 0, FOOT * np.sin(foot) - 0.016, FOOT * np.cos(foot))
    return {"hip": hip, "knee": knee, "ankle": ankle, "toe": toe}


def _arm(gait: Gait, phase: Floats, aside: float) -> dict[str, Floats]:
    """Joints of one arm, which swings against the leg of its side."""
    upper = -gait.arm_swing * np.sin(phase)
    bend = gait.elbow + 0.5 * np.maximum(0, upper)
    shoulder = _points(phase, aside, SHOULDER - 0.018, gait.lean)
    elbow = shoulder + _bone(upper, UPPER_ARM) + vector(0.12 * aside, 0, 0)
    return {"shoulder": shoulder, "elbow": elbow, "hand": elbow + _bone(upper + bend, FOREARM)}


def _bone(angle: Floats, length: float) -> Floats:
    """[T,3] from a joint to the next one; the angle is measured from straight down, positive to the front."""
    return _points(angle, 0, -length * np.cos(angle), length * np.sin(angle))


def _points(like: Floats, left: Floats | float, up: Floats | float, forward: Floats | float) -> Floats:
    """[T,3] from three coordinates, each a number or one for each of the T frames of `like`."""
    points = np.empty((len(like), 3), np.float32)
    points[:, 0], points[:, 1], points[:, 2] = left, up, forward
    return points
