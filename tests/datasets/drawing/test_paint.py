"""Paint: what lies above hides what lies below, and only marked paint is marked."""

import numpy as np
import pytest

from datasets.drawing.look import Cloth, Pattern
from datasets.drawing.paint import Canvas, Layer, within
from datasets.drawing.shape import Patch, tapered, vector

RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
SIZE = (30, 20)


def patch(x: float = 10) -> Patch:
    return tapered(vector(x, 8)[None], vector(x, 22)[None], (6, 6), SIZE)


def painted(*layers: Layer, yaw: float = 0.0) -> Canvas:
    canvas = Canvas.blank(1, SIZE)
    canvas.draw(patch(), layers, length=0.3, yaw=yaw, light=0.0)
    return canvas


def test_the_upper_layer_hides_the_lower() -> None:
    canvas = painted(Layer(Cloth(RED, RED), marked=True), Layer(Cloth(BLUE, BLUE)))
    assert canvas.colour[0].max() == canvas.marked[canvas.cover == 1].max() == 0
    assert canvas.colour[2].max() > 0.9


def test_half_covered_pixels_mix() -> None:
    canvas = painted(Layer(Cloth(RED, RED), marked=True))
    edge = (canvas.cover > 0.2) & (canvas.cover < 0.8)
    np.testing.assert_allclose(canvas.marked[edge], canvas.cover[edge])
    assert np.all(canvas.colour[0][edge] <= canvas.cover[edge] * 1.1)


def test_a_second_shape_covers_the_first() -> None:
    canvas = painted(Layer(Cloth(RED, RED), marked=True))
    canvas.draw(patch(), [Layer(Cloth(BLUE, BLUE))], length=0.3, yaw=0.0, light=0.0)
    assert canvas.marked[canvas.cover == 1].max() == 0
    assert canvas.cover.max() <= 1


@pytest.mark.parametrize("pattern", ["hoops", "stripes", "checks", "dots", "badge"])
def test_patterns_show_both_colours(pattern: Pattern) -> None:
    canvas = painted(Layer(Cloth(RED, BLUE, pattern)))
    inside = canvas.cover[0] == 1
    red, _, blue = canvas.colour[:, 0, inside]
    assert (red > 0.6).any()
    assert (blue > 0.6).any()
    np.testing.assert_allclose((red + blue) / np.maximum(red + blue, 1e-6), 1)


def test_a_plain_cloth_has_no_second_colour() -> None:
    assert painted(Layer(Cloth(RED, BLUE))).colour[2].max() == 0


@pytest.mark.parametrize(("yaw", "column"), [(0.0, 10), (np.pi / 4, 14), (-np.pi / 4, 6)])
def test_what_is_in_front_turns_with_the_person(yaw: float, column: int) -> None:
    badge = Layer(Cloth(BLUE, BLUE), region=lambda angle, _: within(np.abs(angle), 0.2))
    blue = painted(Layer(Cloth(RED, RED)), badge, yaw=yaw).colour[2, 0, 15]
    assert int(np.argmax(blue)) == pytest.approx(column, abs=1)


def test_what_is_in_front_is_not_seen_from_behind() -> None:
    badge = Layer(Cloth(BLUE, BLUE), region=lambda angle, _: within(np.abs(angle), 0.5))
    assert painted(Layer(Cloth(RED, RED)), badge, yaw=np.pi).colour[2].max() == 0


def test_light_comes_from_a_side() -> None:
    canvas = Canvas.blank(1, SIZE)
    canvas.draw(patch(), [Layer(Cloth(RED, RED))], length=0.3, yaw=0.0, light=1.0)
    red = canvas.colour[0, 0, 15]
    assert red[14] > red[6]
