"""Pictures and maps as text: what the page's script reads."""

import base64
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from explain.contact_sheet import shrink
from explain.overlay import colourise, trim, upsample
from explain.report.content import Heatmap
from explain.signed import colour_scale
from explain.sinks.base import temporal_curve

FINEST: Final = 64
"""Cells on the longest side of a map in the page; finer maps, as gradients of the pixels give, are averaged down."""

_QUALITY: Final = 85


def clip_of(frames: NDArray[np.uint8]) -> dict[str, object]:
    """Encode frames [T,H,W,3] as JPEG data URIs, shrunk to what a page needs."""
    small = shrink(frames)
    return {"height": small.shape[1], "width": small.shape[2], "frames": [_data_uri(frame) for frame in small]}


def map_of(heatmap: Heatmap, frames: NDArray[np.uint8]) -> dict[str, object]:
    """Encode a map over frames [T,H,W,3]: its own cells, and what the colour scale and the curve need.

    The numbers are float32, little-endian, in base64. `extremes` holds the smallest and the largest value of every
    frame after interpolation and `trim`, so that the page draws as `explain.overlay.overlay` does.
    """
    raw = heatmap.raw.detach().float().cpu()
    cells = coarsen(raw)
    drawn = trim(upsample(cells, shrink(frames).shape[:3]))  # [T,H,W]
    return {
        "method": heatmap.method,
        "shape": list(cells.shape),
        "of": list(raw.shape),
        "cells": base64.b64encode(cells.numpy().astype("<f4").tobytes()).decode(),
        "extremes": torch.stack([drawn.amin((1, 2)), drawn.amax((1, 2))], dim=1).tolist(),
        "curve": temporal_curve(raw, len(frames)),
    }


def coarsen(raw: Tensor) -> Tensor:
    """Average a map [t,h,w] over space until no side has more than `FINEST` cells; a coarse one stays as it is.

    >>> coarsen(torch.ones(2, 256, 128)).shape, coarsen(torch.ones(2, 16, 8)).shape
    (torch.Size([2, 64, 32]), torch.Size([2, 16, 8]))
    """
    height, width = raw.shape[1:]
    factor = FINEST / max(height, width)
    if factor >= 1:
        return raw
    return F.adaptive_avg_pool2d(raw, (max(1, round(height * factor)), max(1, round(width * factor))))


def colour_tables() -> dict[str, str]:
    """Give the colours of a heat of 0..255, RGB bytes in base64.

    `jet` is what `explain.overlay` draws; `viridis` grows in brightness too, and serves the colour-blind; `signed` goes
    from evidence against the score over nothing to evidence for it.
    """
    jet = colourise(torch.linspace(0, 1, 256).view(1, 1, 256))
    viridis = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[None], cv2.COLORMAP_VIRIDIS)[..., ::-1]
    tables = {"jet": jet, "viridis": viridis, "signed": colour_scale()}
    return {name: base64.b64encode(table.astype(np.uint8).tobytes()).decode() for name, table in tables.items()}


def _data_uri(frame: NDArray[np.uint8]) -> str:
    bgr = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2BGR)
    encoded, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not encoded:
        raise ValueError(f"a frame of {frame.shape} could not be encoded")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
