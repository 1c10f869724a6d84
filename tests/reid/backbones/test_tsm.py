"""The temporal shift, against loops and the published layout."""

import pytest
import torch

from reid.backbones.resnet import image_resnet
from reid.backbones.tsm import TSM, Shifted, shift


def random_network() -> TSM:
    """With residual branches that count: timm begins with their last scale at 0."""
    torch.manual_seed(0)
    network = TSM(18, (32, 32)).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.ones_(module.weight)
    return network


@pytest.mark.parametrize("channels", [8, 16, 19])
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_shift_against_a_loop(frames: int, channels: int) -> None:
    maps = torch.randn(2, frames, channels, 3, 2, generator=torch.Generator().manual_seed(0))
    shifted = shift(maps)
    part = channels // 8
    for time in range(frames):
        for channel in range(channels):
            source = time + 1 if channel < part else time - 1 if channel < 2 * part else time
            expected = maps[:, source, channel] if 0 <= source < frames else torch.zeros(2, 3, 2)
            assert torch.equal(shifted[:, time, channel], expected)


def test_shift_keeps_its_argument_and_has_a_gradient() -> None:
    maps = torch.randn(1, 3, 8, 1, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    before = maps.clone()
    assert torch.autograd.gradcheck(shift, maps.requires_grad_())
    assert torch.equal(maps.detach(), before)


@pytest.mark.parametrize(("depth", "shifted"), [(18, 8), (50, 16), (101, 18)])
def test_the_published_blocks_are_shifted(depth: int, shifted: int) -> None:
    with torch.device("meta"):
        network = TSM(depth)  # type: ignore[arg-type]
        plain = image_resnet(depth, pretrained=False)
    assert sum(isinstance(module, Shifted) for module in network.modules()) == shifted
    assert sum(p.numel() for p in network.parameters()) == sum(p.numel() for p in plain.parameters())


def test_published_names() -> None:
    with torch.device("meta"):
        names = list(TSM().state_dict())
    assert len(names) + 2 == 320
    assert sum(name.endswith(".conv1.net.weight") for name in names) == 16
    assert "trunk.layer3.5.conv1.net.weight" in names


def test_identical_frames_differ_only_at_the_ends() -> None:
    network = random_network()
    still = torch.randn(1, 3, 1, 32, 32).expand(-1, -1, 40, -1, -1)
    with torch.no_grad():
        maps = network(still).map
    torch.testing.assert_close(maps[:, :, 19], maps[:, :, 20])
    assert not torch.allclose(maps[:, :, 0], maps[:, :, 20])


def test_clips_of_a_batch_do_not_see_each_other() -> None:
    network = random_network()
    clips = torch.randn(2, 3, 3, 32, 32)
    with torch.no_grad():
        both = network(clips).embedding
        alone = torch.cat([network(clip[None]).embedding for clip in clips])
        longer = network(torch.randn(1, 3, 7, 32, 32))  # the number of frames may change from call to call
    torch.testing.assert_close(both, alone)
    assert longer.map.shape == (1, 512, 7, 1, 1)


def test_frames_see_their_neighbours_only_as_far_as_the_blocks_reach() -> None:
    network = random_network()
    clip = torch.zeros(1, 3, 20, 32, 32)
    changed = clip.clone()
    changed[:, :, 0] = 1.0
    with torch.no_grad():
        difference = (network(changed).map - network(clip).map).abs().sum((0, 1, 3, 4))
    assert (difference[:9] > 0).all()  # eight blocks, one frame each
    assert (difference[9:] == 0).all()
