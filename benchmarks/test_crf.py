"""The dense CRF: what it costs, and how well its estimates agree with all pairs of pixels.

    pytest benchmarks/test_crf.py -s
    REIDLENS_DATA=folder pytest benchmarks/test_crf.py -s -m "data or slow or not data"

Processor time of a picture on one thread, for the value and its gradient; the cosine of A (p_foreground -
p_background), which is the gradient, with that of all pairs; and the value over theirs. p is a soft spot in the middle.
Real frames are those below `kinetics_clips` (squares) and `pets_mini_mars` (upright) of the folder.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Final

import cv2
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.measuring import timed
from explain.tcam.crf import DenseCRF

DATA = Path(os.environ.get("REIDLENS_DATA", "no-data"))
EXACT: Final = DenseCRF("exact")
WAYS: Mapping[str, DenseCRF] = {
    "256 columns": DenseCRF("sampled", 256),
    "512 columns": DenseCRF("sampled", 512),
    "1024 columns": DenseCRF("sampled", 1024),
    "2048 columns": DenseCRF("sampled", 2048),
    "half scale": DenseCRF("exact", scale=0.5),
    "quarter scale": DenseCRF("exact", scale=0.25),
}


def drawn(side: int) -> list[Tensor]:
    """Pictures of coloured patches with noise, [1,3,H,W]."""
    draw = torch.Generator().manual_seed(0)
    coarse = 40 + 175 * torch.rand(3, 1, 3, 6, 6, generator=draw)
    patches = [F.interpolate(one, (side, side), mode="bicubic") for one in coarse]
    return [(one + 6 * torch.randn(one.shape, generator=draw)).clamp(0, 255) for one in patches]


def filmed(side: int) -> list[Tensor]:
    """Real frames, squares and of half the width."""
    squares = sorted((DATA / "kinetics_clips").glob("*/000000008.png"))[::3]
    upright = sorted((DATA / "pets_mini_mars" / "bbox_train").glob("*/*.jpg"))[::900]
    return [read(path, (side, side)) for path in squares] + [read(path, (side, side // 2)) for path in upright]


def read(path: Path, size: tuple[int, int]) -> Tensor:
    """A picture of a size, [1,3,H,W]."""
    picture = cv2.imread(str(path))
    assert picture is not None
    pixels = torch.from_numpy(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)).permute(2, 0, 1)[None].float()
    return F.interpolate(pixels, size, mode="bilinear", antialias=True).clamp(0, 255)


def spot(pixels: Tensor) -> Tensor:
    """Probabilities of background and foreground, [1,2,H,W]."""
    rows, columns = (torch.linspace(-1, 1, length) for length in pixels.shape[2:])
    logits = 3 - 12 * (rows[:, None] ** 2 + columns**2)
    return torch.stack([-logits / 2, logits / 2]).softmax(0)[None]


def response(crf: DenseCRF, pixels: Tensor) -> tuple[Tensor, float]:
    """A (p_foreground - p_background) at the size of the picture, and the value of the loss."""
    probability, draw = spot(pixels), torch.Generator().manual_seed(0)
    sums = crf.sums(probability, pixels, draw)
    apart = F.interpolate(sums[:, 1:] - sums[:, :1], pixels.shape[2:], mode="bilinear")
    return apart.flatten(), crf(probability, pixels, draw).item()


def learn(crf: DenseCRF, pixels: Tensor) -> None:
    """Value and gradient."""
    probability = spot(pixels).requires_grad_()
    torch.autograd.grad(crf(probability, pixels, torch.Generator().manual_seed(0)), probability)


def compare(name: str, side: int, pictures: Sequence[Tensor]) -> dict[str, float]:
    """Print a table; the mean cosine of each way."""
    torch.set_num_threads(1)
    exact = [response(EXACT, pixels) for pixels in pictures]
    cost = timed(partial(learn, EXACT, pictures[0]))[1]
    print(f"\n{name}, {side} pixels\n| way | s a picture | cosine: mean, worst | value / exact |\n|---|---|---|---|")
    print(f"| exact | {cost:.3f} | 1 | 1 |")
    agreement = {}
    for way, crf in WAYS.items():
        found = [response(crf, pixels) for pixels in pictures]
        pairs = list(zip(found, exact, strict=True))
        cosines = [torch.cosine_similarity(own[0], true[0], dim=0).item() for own, true in pairs]
        values = [own[1] / true[1] for own, true in pairs]
        cost = timed(partial(learn, crf, pictures[0]))[1]
        agreement[way] = fmean(cosines)
        cosine, value = f"{fmean(cosines):.4f}, {min(cosines):.4f}", f"{min(values):.2f} to {max(values):.2f}"
        print(f"| {way} | {cost:.3f} | {cosine} | {value} |")
    return agreement


@pytest.mark.parametrize("side", [64, 112])
def test_drawn_pictures(side: int) -> None:
    agreement = compare("drawn", side, drawn(side))
    assert agreement["512 columns"] > 0.98
    assert agreement["1024 columns"] > agreement["half scale"]


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="REIDLENS_DATA names no folder with kinetics_clips and pets_mini_mars")
@pytest.mark.parametrize("side", [64, 112, pytest.param(224, marks=pytest.mark.slow)])
def test_real_frames(side: int) -> None:
    agreement = compare("real", side, filmed(side))
    assert agreement["512 columns"] > 0.998
    assert agreement["1024 columns"] > 0.999
    assert agreement["1024 columns"] > agreement["half scale"]
