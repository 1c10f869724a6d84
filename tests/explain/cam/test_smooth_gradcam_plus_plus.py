"""Smooth Grad-CAM++ against GradCAM++, its definition as a loop, and nonsense."""

import pytest
import torch

from explain.cam import GradCAMPlusPlus, SmoothGradCAMPlusPlus
from explain.recording import record
from explain.targets import ClassLogit
from reid.errors import InputError
from tests.toys import TinyNet, pixels, random_model


def test_without_noise_it_is_gradcam_plus_plus() -> None:
    model, clips = random_model(TinyNet()), pixels(2)
    smooth, plain = (
        method(model, clips, ClassLogit()) for method in (SmoothGradCAMPlusPlus(noise=0), GradCAMPlusPlus())
    )
    torch.testing.assert_close(smooth, plain, rtol=1e-4, atol=1e-6)


def test_against_a_loop_over_places() -> None:
    model, clips, noise = random_model(TinyNet()).eval(), pixels(1), 0.5
    generator = torch.Generator().manual_seed(0)
    layer = model.backbone.cam_layer(needs_gradient=True)
    derivatives = [
        record(model, clips + noise * torch.randn(clips.shape[1:], generator=generator), layer).gradient(ClassLogit(1))[
            0
        ]
        for _ in range(3)
    ]
    activation = record(model, clips, layer).activation[0]
    expected = torch.zeros(activation.shape[1:])
    for channel, values in enumerate(activation):
        weight = 0.0
        for place in range(values.numel()):
            first, second, third = (
                sum(one[channel].flatten()[place].item() ** power for one in derivatives) / 3 for power in (1, 2, 3)
            )
            weight += second / max(2 * second + values.sum().item() * third + 1e-6, second) * max(first, 0.0)
        expected += weight * values
    raw = SmoothGradCAMPlusPlus(copies=3, noise=noise)(model, clips, ClassLogit(1))[0]
    torch.testing.assert_close(raw, expected, rtol=1e-3, atol=1e-5)


def test_the_same_clip_has_the_same_map_and_progress_is_told() -> None:
    model, clips, told = random_model(TinyNet()), pixels(1), list[tuple[int, int]]()
    method = SmoothGradCAMPlusPlus(copies=2, progress=lambda done, total: told.append((done, total)))
    torch.testing.assert_close(method(model, clips, ClassLogit()), method(model, clips, ClassLogit()), rtol=0, atol=0)
    assert told[:2] == [(1, 2), (2, 2)]


@pytest.mark.parametrize(("copies", "noise"), [(0, 0.3), (4, -0.1)])
def test_nonsense_is_refused(copies: int, noise: float) -> None:
    with pytest.raises(InputError, match="expected 1 noisy copy or more"):
        SmoothGradCAMPlusPlus(copies=copies, noise=noise)
