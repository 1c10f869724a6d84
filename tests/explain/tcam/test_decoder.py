"""The decoder: its size, its shapes, its start."""

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explain.tcam.decoder import RESNET50, Decoder, enlarge
from reid.errors import InputError


def maps(channels: Sequence[int], sizes: Sequence[tuple[int, int]], batch: int = 2) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(batch, width, *size, generator=generator) for width, size in zip(channels, sizes, strict=True)]


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_published_numbers_of_parameters() -> None:
    with torch.device("meta"):
        decoder = Decoder()
    assert [count(block) for block in decoder.blocks] == [7_668_736, 1_032_704, 258_304, 46_208, 6_976]
    assert count(decoder.blocks) == 9_012_928
    assert count(decoder.head) == 290


def test_numbers_of_parameters_of_the_small_one() -> None:
    assert count(Decoder((16, 32, 64, 64), (64, 48, 32))) == 201_602


@pytest.mark.parametrize("size", [(224, 224), (256, 128), (225, 97)])
def test_published_shapes(size: tuple[int, int]) -> None:
    strides = (2, 4, 8, 8, 8)
    sizes = [(math.ceil(size[0] / stride), math.ceil(size[1] / stride)) for stride in strides]
    with torch.device("meta"):
        features = [torch.empty(1, width, *own) for width, own in zip(RESNET50, sizes, strict=True)]
        assert Decoder()(features, size).shape == (1, 2, *size)


@pytest.mark.parametrize(
    ("sizes", "widths"),
    [
        ([(32, 32), (16, 16), (16, 16), (16, 16)], (8, 6, 4)),
        ([(8, 4), (8, 4), (8, 4), (8, 4)], (8, 8, 6, 4, 4)),
        ([(9, 7), (5, 4), (3, 2), (2, 1)], (4, 4, 4)),
    ],
)
def test_any_maps_are_joined(sizes: list[tuple[int, int]], widths: tuple[int, ...]) -> None:
    decoder = Decoder((3, 5, 7, 9), widths)
    features = [one.requires_grad_() for one in maps((3, 5, 7, 9), sizes)]
    logits = decoder(features, (40, 24))
    assert logits.shape == (2, 2, 40, 24)
    for gradient in torch.autograd.grad(logits.square().sum(), features):
        assert gradient.any()


def test_one_map_is_enough() -> None:
    assert Decoder([6], [4])(maps([6], [(5, 3)]), (10, 6)).shape == (2, 2, 10, 6)


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (28, 28), (56, 31)])
def test_doubling_and_interpolating_back_changes_nothing(size: tuple[int, int]) -> None:
    (deep,) = maps([3], [size])
    published = F.interpolate(F.interpolate(deep, scale_factor=2), size, mode="bilinear", align_corners=True)
    torch.testing.assert_close(enlarge(deep, size), published, atol=1e-5, rtol=1e-5)
    double = (2 * size[0], 2 * size[1])
    assert torch.equal(enlarge(deep, double), F.interpolate(deep, double, mode="nearest"))
    odd = (2 * size[0] + 1, size[1])
    expected = F.interpolate(F.interpolate(deep, scale_factor=2), odd, mode="bilinear", align_corners=True)
    assert torch.equal(enlarge(deep, odd), expected)


def test_it_starts_as_published() -> None:
    decoder = Decoder((64, 64), (64,))
    convolution = next(layer for layer in decoder.modules() if isinstance(layer, nn.Conv2d))
    bound = math.sqrt(6 / (128 * 9))
    assert convolution.bias is None
    assert bound * 0.999 < convolution.weight.abs().max().item() <= bound
    head_bound = math.sqrt(6 / (64 * 9 + 2 * 9))
    assert head_bound * 0.98 < decoder.head.weight.abs().max().item() <= head_bound
    assert decoder.head.bias is not None
    assert not decoder.head.bias.any()


def test_it_learns_a_square() -> None:
    torch.manual_seed(0)
    decoder, features = Decoder((3, 4), (8, 8)), maps((3, 4), [(8, 8), (4, 4)])
    target = torch.zeros(2, 16, 16, dtype=torch.long)
    target[:, 4:12, 4:12] = 1
    optimizer = torch.optim.SGD(decoder.parameters(), 0.1, 0.9)
    losses = []
    for _ in range(30):
        loss = F.cross_entropy(decoder(features, (16, 16)), target)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="4 feature maps need 3 blocks"):
        Decoder((1, 2, 3, 4), (8, 8))
    with pytest.raises(ValueError, match="channels"):
        Decoder((3, 4), (8,))(maps((4, 3), [(4, 4), (2, 2)]), (4, 4))
