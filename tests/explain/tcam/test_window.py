"""CAM-TMP against its definition."""

from typing import get_args

import pytest
import torch

from explain.tcam.window import When, strongest, window
from reid.errors import InputError

SIDES = get_args(When)


def maps(frames: int = 6) -> torch.Tensor:
    return torch.rand(2, frames, 3, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("when", SIDES)
@pytest.mark.parametrize("neighbours", [0, 1, 2, 9])
def test_a_frame_has_the_maximum_of_what_its_window_reads(when: When, neighbours: int) -> None:
    cams = maps()
    found = strongest(cams, neighbours, when)
    for frame in range(6):
        assert torch.equal(found[:, frame], cams[:, window(frame, 6, neighbours, when)].amax(1))


def test_the_first_frame_of_a_shot_keeps_its_own_map() -> None:
    cams = maps()
    assert torch.equal(strongest(cams)[:, 0], cams[:, 0])
    assert torch.equal(strongest(cams, 3, "after")[:, -1], cams[:, -1])


@pytest.mark.parametrize("when", SIDES)
def test_no_neighbours_change_nothing(when: When) -> None:
    assert torch.equal(strongest(maps(), 0, when), maps())
    assert torch.equal(strongest(maps(), 4, "instant"), maps())


@pytest.mark.parametrize("when", SIDES)
def test_more_neighbours_never_lower_a_map(when: When) -> None:
    for neighbours in range(7):
        assert (strongest(maps(), neighbours + 1, when) >= strongest(maps(), neighbours, when)).all()


def test_one_shot_never_sees_another() -> None:
    cams = maps()
    changed = cams.clone()
    changed[1] += 1
    assert torch.equal(strongest(changed, 5, "both")[0], strongest(cams, 5, "both")[0])


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16])
def test_stored_maps_stay_as_small_as_they_are(dtype: torch.dtype) -> None:
    cams = (maps() * 255).to(dtype)
    assert strongest(cams).dtype == dtype
    assert torch.equal(strongest(cams).float(), strongest(cams.float()))


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="neighbours -1"):
        strongest(maps(), -1)
    with pytest.raises(IndexError, match="frame 6 of a shot of 6"):
        window(6, 6)
