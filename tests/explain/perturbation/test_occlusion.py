"""Occlusion against its definition as a loop."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from explain.metrics.baseline import Blur
from explain.perturbation import Occlusion
from explain.perturbation.occlusion import Sides, cover
from explain.targets import ClassLogit, PairSimilarity
from reid.errors import InputError
from reid.model import ReIDModel
from tests.toys import FrameNet, TinyNet, pixels, random_model, red_clip, red_model

GALLERY = torch.linspace(-1, 1, 12).view(2, 6)


def by_definition(model: ReIDModel, clips: Tensor, tube: Sides, starts: list[list[int]], blur: bool) -> Tensor:
    """One tube after the other."""
    maps = torch.zeros(len(clips), *clips.shape[2:])
    count = torch.zeros_like(maps)
    with torch.no_grad():
        for b in range(len(clips)):
            clip, target = clips[b : b + 1], PairSimilarity(GALLERY[b])
            background = Blur()(clip) if blur else torch.zeros_like(clip)
            for t in starts[0]:
                for y in starts[1]:
                    for x in starts[2]:
                        where = (slice(t, t + tube[0]), slice(y, y + tube[1]), slice(x, x + tube[2]))
                        changed = clip.clone()
                        changed[0, :, *where] = background[0, :, *where]
                        maps[b, *where] += (target(model(clip)) - target(model(changed))).item()
                        count[b, *where] += 1
    return maps / count


@pytest.mark.parametrize("baseline", ["mean", "blur"])
@pytest.mark.parametrize("backbone", [TinyNet, FrameNet])
def test_it_is_its_definition(backbone: Any, baseline: Any) -> None:
    model, clips = random_model(backbone()), pixels()
    raw = Occlusion((2, 6, 4), (1, 5, 2), baseline, batch_size=7)(model, clips, PairSimilarity(GALLERY))
    expected = by_definition(model, clips, (2, 6, 4), [[0, 1, 2], [0, 5, 10], [0, 2, 4]], baseline == "blur")
    torch.testing.assert_close(raw, expected, rtol=1e-4, atol=1e-6)


def test_tubes_are_a_quarter_of_each_side_half_a_tube_apart() -> None:
    told: list[tuple[int, int]] = []
    model, clips = random_model(TinyNet()), pixels(1, frames=8)
    progress = lambda done, total: told.append((done, total))  # noqa: E731
    raw = Occlusion(progress=progress, batch_size=100)(model, clips, ClassLogit())
    assert told[-1] == (343, 343)
    assert torch.equal(raw, Occlusion((2, 4, 2), (1, 2, 1))(model, clips, ClassLogit()))


def test_planted_evidence_is_found() -> None:
    clip, place = red_clip()
    raw = Occlusion((1, 2, 2))(red_model(), clip, ClassLogit(0))[0]
    assert raw.shape == clip.shape[2:]
    assert raw[place].min() > 2 * raw[~place].max()
    whole = Occlusion((1, 1, 1), (1, 1, 1), batch_size=256)(red_model(), clip, ClassLogit(0))[0]
    assert whole.sum().item() == pytest.approx(red_model()(clip).logits[0, 0].item(), rel=1e-3)  # voxels add up here


def test_a_tube_larger_than_the_clip_is_the_clip() -> None:
    model, clips = random_model(TinyNet()), pixels(2)
    raw = Occlusion((100, 100, 100))(model, clips, ClassLogit(0))
    with torch.no_grad():
        expected = (model(clips).logits - model(0 * clips).logits)[:, 0]
    torch.testing.assert_close(raw, expected[:, None, None, None].expand(-1, *clips.shape[2:]))


@pytest.mark.parametrize(("length", "size", "stride"), [(16, 4, 2), (16, 5, 3), (7, 3, 2), (3, 8, 4), (9, 2, 5)])
def test_every_place_is_covered(length: int, size: int, stride: int) -> None:
    spans = cover(length, size, stride)
    assert spans[0].start == 0
    assert spans[-1].stop == length
    assert all(1 <= later.start - earlier.start <= min(stride, size) for earlier, later in pairwise(spans))


def test_numbers_below_one_are_refused() -> None:
    with pytest.raises(InputError, match=r"tube \(0, 1, 1\)"):
        Occlusion((0, 1, 1))
    with pytest.raises(InputError, match=r"stride \(1, 1, 0\)"):
        Occlusion((1, 1, 1), (1, 1, 0))
    with pytest.raises(InputError, match="batch_size 0"):
        Occlusion(batch_size=0)
