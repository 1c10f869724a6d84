"""Rankings as pictures: words are never cut off by the frames."""

import numpy as np
import pytest

from reid.ranked import strip
from reid.ranked.strip import Band, stack

FRAME = np.zeros((112, 56, 3), np.uint8)


@pytest.mark.parametrize("length", [5, 30, 300])
def test_a_name_of_any_length_fits_into_its_field(length: int) -> None:
    """The field is white around the words, before the frame in the colour of the verdict."""
    drawn = stack([Band([FRAME], "found", ["0001", "x" * length]), Band([FRAME, FRAME], "wrong", ["0002"])])
    edge = int(np.flatnonzero((drawn[0] == strip.COLOURS["found"]).all(1))[0])
    assert 190 <= edge <= 420
    assert (drawn[:, edge - 3 : edge] == 255).all()
    assert (drawn[: 112 + 8, : edge - 6] != 255).any()


def test_what_is_too_long_keeps_its_end() -> None:
    assert strip._fitting("folder/0001C1T0001", 400) == "folder/0001C1T0001"
    short = strip._fitting("folder/" * 50 + "0001C1T0001", 200)
    assert short.startswith("...")
    assert short.endswith("0001C1T0001")
    assert strip._length(short) <= 200
