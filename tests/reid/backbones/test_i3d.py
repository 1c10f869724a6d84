"""Inception-I3D: its padding, its shapes and the published counts."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from reid.backbones.i3d import I3D, Mixed, SamePad, SamePool, Unit, same_padding


@given(st.integers(1, 300), st.integers(1, 7), st.integers(1, 4))
def test_padding_makes_room_for_every_window(length: int, kernel: int, stride: int) -> None:
    before, behind = same_padding(length, kernel, stride)
    windows = (length + before + behind - kernel) // stride + 1 if kernel >= stride else -(-length // stride)
    assert windows == -(-length // stride)
    assert 0 <= behind - before <= 1
    assert before + behind < kernel


@pytest.mark.parametrize(("length", "expected"), [(224, (2, 3)), (225, (3, 3))])
def test_padding_of_the_stem_by_hand(length: int, expected: tuple[int, int]) -> None:
    assert same_padding(length, 7, 2) == expected


def test_axes_are_padded_each_by_its_own_window() -> None:
    padded = SamePad((1, 3, 2), (1, 2, 2))(torch.ones(1, 1, 3, 4, 5))
    assert padded.shape == (1, 1, 3, 5, 6)
    assert padded[0, 0, 0].tolist() == [[1, 1, 1, 1, 1, 0]] * 4 + [[0] * 6]


def test_a_pool_ignores_what_is_beyond_the_border() -> None:
    maps = torch.rand(1, 2, 5, 6, 7, generator=torch.Generator().manual_seed(0))
    ours = SamePool((3, 3, 3), (1, 1, 1))(maps)
    torch.testing.assert_close(ours, F.max_pool3d(maps, 3, 1, padding=1))


def test_a_unit_is_the_padded_convolution() -> None:
    torch.manual_seed(0)
    unit = Unit(2, 3, 3, stride=2).eval()
    maps = torch.randn(1, 2, 4, 6, 5)
    by_hand = F.conv3d(F.pad(maps, (1, 1, 0, 1, 0, 1)), unit.conv3d.weight, stride=2) / (1 + 1e-3) ** 0.5
    torch.testing.assert_close(unit(maps), by_hand.relu())


def test_the_branches_stand_in_the_published_order() -> None:
    torch.manual_seed(0)
    mixed = Mixed(4, (1, 2, 3, 1, 2, 1)).eval()
    maps = torch.rand(1, 4, 2, 3, 3)
    joined = mixed(maps)
    assert joined.shape == (1, 1 + 3 + 2 + 1, 2, 3, 3)
    torch.testing.assert_close(joined[:, :1], mixed.branch_0(maps))
    torch.testing.assert_close(joined[:, -1:], mixed.branch_3(maps))


def test_published_parameter_count() -> None:
    with torch.device("meta"):
        network = I3D()
    classifier = 1024 * 400 + 400
    assert sum(parameter.numel() for parameter in network.parameters()) + classifier == 12_697_264
    assert len(network.state_dict()) + 2 == 344


@pytest.mark.parametrize(
    ("clip", "grid"),
    [
        ((16, 224, 224), (2, 7, 7)),
        ((8, 256, 128), (1, 8, 4)),
        ((5, 225, 130), (1, 8, 5)),
        ((17, 64, 32), (3, 2, 1)),
        ((1, 33, 31), (1, 2, 1)),
    ],
)
def test_any_clip_gives_a_map_of_an_eighth_and_a_thirty_second(
    clip: tuple[int, int, int], grid: tuple[int, int, int]
) -> None:
    with torch.device("meta"):
        features = I3D().eval()(torch.zeros(1, 3, *clip))
    assert features.map.shape == (1, 1024, *grid)
    assert features.embedding.shape == (1, 1024)


def test_frames_come_as_minus_one_to_one() -> None:
    white = torch.full((1, 3, 1, 4, 4), 255, dtype=torch.uint8)
    preprocess = I3D((4, 4)).preprocess
    assert (preprocess(white) == 1).all()
    assert (preprocess(torch.zeros_like(white)) == -1).all()
