"""Cameras differ in scene, colours and point of view."""

from itertools import combinations

import numpy as np
import pytest

from datasets.drawing.camera import Camera
from datasets.drawing.lens import Lens
from datasets.drawing.scene import panorama

CAMERAS = [Camera.draw(index, 3, (64, 32), np.random.default_rng(index)) for index in range(3)]
PLAIN = Lens(gain=(1, 1, 1), gamma=1, saturation=1, haze=0, blur=0, noise=0, quality=90)


@pytest.mark.parametrize(("one", "other"), list(combinations(CAMERAS, 2)))
def test_no_two_cameras_are_alike(one: Camera, other: Camera) -> None:
    assert one.yaw != other.yaw
    assert np.abs(one.scene - other.scene).mean() > 0.05
    hue = [np.array(camera.lens.gain) / np.mean(camera.lens.gain) for camera in (one, other)]
    assert np.linalg.norm(hue[0] - hue[1]) > 0.05


def test_a_scene_has_the_stated_size_and_range() -> None:
    scene = panorama(64, np.random.default_rng(0))
    assert scene.shape == (96, 576, 3)
    assert scene.dtype == np.float32
    assert 0 <= scene.min() < 0.2
    assert 0.8 < scene.max() <= 1


def test_a_plain_lens_changes_nothing() -> None:
    light = np.random.default_rng(0).random((3, 2, 6, 4), dtype=np.float32)
    frames = PLAIN.expose(light, np.random.default_rng(0))
    assert frames.shape == (2, 6, 4, 3)
    np.testing.assert_allclose(np.moveaxis(frames, -1, 0) / 255, light, atol=1 / 255)


def test_casts_keep_colours_apart() -> None:
    palette = np.array(
        [[0.8, 0.1, 0.1], [0.9, 0.5, 0.1], [0.9, 0.8, 0.2], [0.2, 0.5, 0.2], [0.2, 0.3, 0.8]], np.float32
    )
    light = np.broadcast_to(palette.T[:, :, None, None], (3, 5, 8, 8))
    for camera in CAMERAS:
        colours = camera.lens.expose(light, np.random.default_rng(0)).mean((1, 2))
        distance = np.linalg.norm(colours[:, None] - colours, axis=-1)
        assert distance[~np.eye(5, dtype=bool)].min() > 25


def test_exposing_leaves_the_light_as_it_was() -> None:
    light = np.full((3, 1, 8, 8), 0.5, np.float32)
    CAMERAS[0].lens.expose(light, np.random.default_rng(0))
    assert np.all(light == 0.5)


def test_noise_has_the_stated_strength() -> None:
    noisy = Lens(gain=(1, 1, 1), gamma=1, saturation=1, haze=0, blur=0, noise=0.02, quality=90)
    frames = noisy.expose(np.full((3, 4, 64, 64), 0.5, np.float32), np.random.default_rng(0))
    assert frames.std() / 255 == pytest.approx(0.02, rel=0.05)
