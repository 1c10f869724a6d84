"""LayerCAM of several layers."""

import pytest
import torch

from explain.cam import HiResCAM, LayerCAM
from explain.cam.layercam import fuse
from explain.reader import explain_all
from explain.recording import ZeroGradientError
from explain.targets import ClassLogit
from reid.errors import InputError
from tests.toys import TinyNet, TokenNet, pixels, random_model


def test_fusion_by_hand() -> None:
    raw = torch.tensor([0.0, 1.0, 2.0]).view(1, 1, 1, 3)
    expected = torch.tensor([0.0, 0.76159, 0.96403]).view(1, 1, 1, 3)
    torch.testing.assert_close(fuse([raw]), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(fuse([raw, 1e-6 * raw.flip(3)]), expected.maximum(expected.flip(3)))


def test_the_grid_is_the_finest_on_every_axis() -> None:
    slow_and_fine, fast_and_coarse = torch.ones(2, 1, 8, 4), torch.ones(2, 4, 2, 2)
    torch.testing.assert_close(fuse([slow_and_fine, fast_and_coarse]), torch.full((2, 4, 8, 4), 2.0).tanh())


def test_evidence_against_the_score_is_left_out_of_a_fused_map() -> None:
    raw = torch.tensor([-4.0, 1.0]).view(1, 1, 1, 2)
    torch.testing.assert_close(fuse([raw]).flatten(), torch.tensor([0.0, 0.96403]), rtol=1e-5, atol=1e-5)
    nothing = torch.tensor([[-4.0, -1.0], [0.0, 0.0]]).view(2, 1, 1, 2)
    assert fuse([nothing, nothing]).tolist() == torch.zeros(2, 1, 1, 2).tolist()


def test_every_clip_is_scaled_by_itself() -> None:
    raw = torch.tensor([[1.0, 2.0], [100.0, 200.0]]).view(2, 1, 1, 2)
    assert torch.equal(fuse([raw])[0], fuse([raw])[1])


def test_layers_are_fused_from_one_pass() -> None:
    model, clips = random_model(TinyNet()), pixels()
    single = [LayerCAM(layer)(model, clips, ClassLogit(0)) for layer in ("stem", "last")]
    methods = {"fused": LayerCAM(layers=["stem", "last"]), "one": LayerCAM(layers=["last"]), "raw": LayerCAM()}
    maps = explain_all(model, clips, methods, {"class": ClassLogit(0)})["class"]
    torch.testing.assert_close(maps["fused"], fuse(single))
    torch.testing.assert_close(maps["one"], fuse(single[1:]))
    torch.testing.assert_close(maps["raw"], single[1])


def test_without_its_relu_it_would_be_hirescam() -> None:
    model, clips = random_model(TinyNet()), pixels()
    raw, hires = (method("stem")(model, clips, ClassLogit(0)) for method in (LayerCAM, HiResCAM))
    assert raw.min() >= 0 > hires.min()  # the activation is >= 0 there
    assert (raw - hires).min() >= 0


def test_a_layer_that_the_score_does_not_reach_is_refused() -> None:
    with pytest.raises(ZeroGradientError, match=r"layer norm: .* explain at layer blocks.1.norm1"):
        LayerCAM(layers=["blocks.1.norm1", "norm"])(random_model(TokenNet()), pixels(), ClassLogit(0))


def test_one_way_of_naming_layers() -> None:
    with pytest.raises(InputError, match=r"layer=a and layers=\['b'\] are given; give one or the other"):
        LayerCAM("a", layers=["b"])
