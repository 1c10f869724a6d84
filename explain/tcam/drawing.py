"""A frame with where its object is, and where it is said to be."""

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from explain.metrics.boxes_outlines import box_of
from explain.overlay import blend, colourise

TRUE = (0, 220, 0)
SAID = (255, 255, 255)


def draw(pixels: Tensor, heat: Tensor, boxes: Tensor, threshold: float) -> NDArray[np.uint8]:
    """Draw the frame beside its heat, with the true boxes (green) and the one that is said (white) in both.

    Args:
        pixels: [3,H,W] uint8 RGB.
        heat: [H,W] of 0..1.
        boxes: [M,4] x0,y0,x1,y1, NaN rows are none.
        threshold: share of the map's highest value.

    Returns:
        [H,2W,3] RGB.
    """
    frame = np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())
    both = np.concatenate([frame, blend(frame[None], colourise(heat[None]))[0]], axis=1)
    true = boxes[~boxes.isnan().any(1)].round().long().tolist()
    for colour, some in ((TRUE, true), (SAID, [box_of(heat.numpy(), threshold)])):
        for left, top, right, bottom in some:
            for shift in (0, frame.shape[1]):
                cv2.rectangle(both, (left + shift, top), (right + shift, bottom), colour, 1)
    return both
