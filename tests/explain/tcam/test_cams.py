"""Maps of frames: stretched, and cut as the pixels of a batch are."""

import pytest
import torch
from torch.nn import functional as F

from explain.cam import GradCAM, OriginalCAM
from explain.command.methods import build_methods
from explain.command.names import ALL, MINUTES
from explain.targets import ClassLogit
from explain.tcam.background import background_energy
from explain.tcam.cams import cams_of, cut, described, enlarged, stretched
from reid.backbones import SmallResNet
from reid.model import ReIDModel
from tests.explain.tcam.shots import batch


def classifier() -> ReIDModel:
    torch.manual_seed(0)
    return ReIDModel(SmallResNet((4, 8), (2, 2), (16, 16)), 2, "none").eval()


@pytest.mark.parametrize("method", [GradCAM(), OriginalCAM()])
def test_each_frame_is_mapped_for_its_own_label(method: GradCAM | OriginalCAM) -> None:
    model, frames = classifier(), batch([0, 1, 2], [0, 0, 0])
    maps = cams_of(model, method, frames.pixels, frames.label)
    for place in range(3):
        clip = model.preprocess(frames.pixels[place][None, :, None])
        raw = method(model, clip, ClassLogit(int(frames.label[place])))[:, 0]
        raw = raw if isinstance(method, OriginalCAM) else raw.clamp(min=0)
        torch.testing.assert_close(maps[place], stretched(raw)[0], rtol=1e-3, atol=1e-4)
    assert maps.amin() == 0
    assert maps.amax() <= 1


def test_a_window_is_cut_as_pictures_are() -> None:
    """A map that is as fine as the frame is cut to just the pixels of the window."""
    maps = torch.rand(2, 8, 12, generator=torch.Generator().manual_seed(0))
    window = torch.tensor([[0.25, 0.5, 0.5, 0.25], [0.0, 0.0, 1.0, 1.0]])
    seen = cut(maps, window, torch.tensor([False, True]), (4, 3))
    torch.testing.assert_close(seen[0], maps[0, 2:6, 6:9])
    whole = cut(maps, window, torch.tensor([False, True]), (8, 12))
    torch.testing.assert_close(whole[1], maps[1].flip(1))


def test_a_whole_map_is_enlarged_as_it_is_drawn() -> None:
    maps = torch.rand(1, 4, 3)
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    torch.testing.assert_close(cut(maps, whole, torch.tensor([False]), (16, 12)), enlarged(maps, (16, 12)))
    torch.testing.assert_close(enlarged(maps, (16, 12))[0], F.interpolate(maps[None], (16, 12), mode="bilinear")[0, 0])


def test_background_energy_of_maps_that_know_and_that_do_not() -> None:
    foreground = torch.zeros(2, 8, 8)
    foreground[:, 2:6, 2:6] = 1
    assert background_energy(torch.ones(1, 2, 2), foreground) == pytest.approx(0.75)  # the share of the area
    assert background_energy(foreground, foreground) == 0
    assert background_energy(1 - foreground, foreground) == 1
    assert torch.tensor(background_energy(-torch.ones(1, 2, 2), foreground)).isnan()


def test_a_method_is_described_the_same_in_every_process() -> None:

    for method in build_methods([*ALL, *MINUTES]).values():
        assert " at 0x" not in described(method)
