"""Otsu's threshold and the region it leaves, against slow definitions."""

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from explain.tcam.border import border
from explain.tcam.otsu import otsu, standing_out
from explain.tcam.region import eroded, region
from explain.tcam.square import widened


def slow_otsu(levels: list[int]) -> tuple[int, list[float]]:
    """The best threshold, and the variance between the two sides of each."""
    variances = []
    for threshold in range(256):
        low = [level for level in levels if level <= threshold]
        high = [level for level in levels if level > threshold]
        if not low or not high:
            variances.append(0.0)
            continue
        apart = sum(low) / len(low) - sum(high) / len(high)
        variances.append(apart**2 * len(low) * len(high))
    return int(np.argmax(variances)), variances


def picture(*blobs: tuple[slice, slice, float]) -> Tensor:
    """A map [20,30] with rectangles of a value."""
    cam = torch.full((20, 30), 0.05)
    for rows, columns, value in blobs:
        cam[rows, columns] = value
    return cam


LARGE = (slice(2, 8), slice(2, 12), 0.6)  # 60 pixels, a tenth of the picture
HOT = (slice(12, 17), slice(20, 27), 0.9)  # 35 pixels, more than a twentieth
TINY = (slice(18, 19), slice(2, 4), 1.0)


def test_the_highest_few_of_two_levels_stand_out() -> None:
    levels = torch.tensor([[10] * 90 + [200] * 10])
    assert otsu(levels).tolist() == [10]
    assert (levels > otsu(levels)).sum() == 10
    assert (levels >= otsu(levels)).sum() == 100  # what the published code would take with a whole threshold


@pytest.mark.parametrize("seed", range(5))
def test_otsu_follows_its_definition(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    levels = torch.cat([torch.randint(0, 90, (3, 60), generator=generator), torch.randint(60, 256, (3, 30))], 1)
    for found, own in zip(otsu(levels).tolist(), levels.tolist(), strict=True):
        best, variances = slow_otsu(own)
        assert variances[found] == pytest.approx(variances[best], rel=1e-6)


def test_nothing_stands_out_of_a_constant_map() -> None:
    assert not standing_out(torch.full((2, 4, 4), 0.7)).any()
    assert not standing_out(torch.zeros(1, 4, 4)).any()


def test_each_kind_of_region_is_the_part_it_says() -> None:
    cams = torch.stack([picture(LARGE, HOT, TINY), picture(HOT, TINY), picture(LARGE, TINY), picture()])
    whole, largest, dense = (region(cams, kind) for kind in ("all", "largest", "high_density"))
    assert whole.sum((1, 2)).tolist() == [97, 37, 62, 0]
    assert torch.equal(largest[0], picture(LARGE) > 0.5)
    assert largest.sum((1, 2)).tolist() == [60, 35, 60, 0]
    assert dense.sum((1, 2)).tolist() == [60, 35, 60, 0]  # the densest is too small
    assert torch.equal(region(cams, "high_density", smallest=0.001)[0], picture(TINY) > 0.5)
    assert torch.equal(region(torch.stack([picture(LARGE, HOT)]), "high_density")[0], picture(HOT) > 0.5)


@pytest.mark.parametrize("seed", range(3))
def test_the_largest_blob_is_that_of_one_picture_alone(seed: int) -> None:
    cams = torch.rand(4, 9, 11, generator=torch.Generator().manual_seed(seed))
    for cam, found in zip(cams, region(cams, "largest"), strict=True):
        count, blobs = cv2.connectedComponents(standing_out(cam[None])[0].byte().numpy(), connectivity=4)
        sizes = [int((blobs == blob).sum()) for blob in range(1, count)]
        assert int(found.sum()) == max(sizes)
        assert len(set(np.asarray(blobs)[found.numpy()].tolist())) == 1
        assert torch.equal(found, region(cam[None], "largest")[0])


@pytest.mark.parametrize("side", [1, 3, 5])
def test_masks_widen_and_shrink_as_morphology_has_it(side: int) -> None:
    mask = torch.rand(3, 12, 9, generator=torch.Generator().manual_seed(0)) < 0.3
    square = np.ones((side, side), np.uint8)
    for one, wide, narrow in zip(mask, widened(mask, side), eroded(~mask, side, 2), strict=True):
        assert np.array_equal(wide.byte(), cv2.dilate(one.byte().numpy(), square))
        assert np.array_equal(narrow.byte(), cv2.erode((~one).byte().numpy(), square, iterations=2))


def test_the_border_is_the_same_on_both_sides_and_leaves_the_person() -> None:
    mask = border(16, 8, torch.device("cpu"))
    assert torch.equal(mask, mask.flip(1))
    assert not mask[:, 2:6].any()
    assert not mask[4:, 1:7].any()
    assert mask[:4, :2].all()
