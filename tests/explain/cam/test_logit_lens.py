"""LogitLens is what the head says of each token."""

import pytest
import torch
from einops import rearrange

from explain.cam import LogitLens, OriginalCAM
from explain.targets import ClassLogit, PairSimilarity
from reid.backbones.base import Backbone
from reid.errors import InputError
from reid.types import Features
from tests.toys import FrameNet, Pixels, TinyNet, TokenNet, pixels, random_model


@pytest.mark.parametrize("neck", [False, True])
def test_it_is_the_heads_answer_to_every_token_less_the_bias(neck: bool) -> None:
    model, clips = random_model(TokenNet(), neck), pixels()
    with torch.no_grad():
        tokens = model(clips).features.map  # normalised: without the norm the head would read other numbers
        rows = rearrange(tokens, "b d t h w -> (b t h w) d")
        said = model.classifier(model.neck(rows))[:, 3].view(2, 2, 4, 2)
        bias = model.classifier(model.neck(torch.zeros(1, 8)))[0, 3]
    torch.testing.assert_close(LogitLens()(model, clips, ClassLogit(3)), said - bias, rtol=1e-4, atol=1e-5)


def test_a_pair_is_read_token_by_token_too() -> None:
    model, clips, gallery = random_model(TokenNet(), neck=False), pixels(), torch.linspace(-1, 1, 8)
    output = model(clips)
    expected = torch.einsum("bdthw,d->bthw", output.features.map, gallery / gallery.norm())
    expected = expected / output.embedding.norm(dim=1)[:, None, None, None]
    raw = LogitLens()(model, clips, PairSimilarity(gallery))
    torch.testing.assert_close(raw, expected.detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("backbone", [Pixels(3), TinyNet(), TokenNet(class_token=False)])
def test_on_a_plain_mean_it_is_the_exact_map_times_the_number_of_places(backbone: Backbone) -> None:
    model, clips = random_model(backbone), pixels()
    exact = OriginalCAM()(model, clips, ClassLogit(2))
    lens = LogitLens()(model, clips, ClassLogit(2))
    torch.testing.assert_close(lens, exact * exact[0].numel(), rtol=1e-4, atol=1e-5)


def test_on_weighed_frames_it_is_the_exact_map_without_its_weights() -> None:
    model, clips = random_model(FrameNet()), pixels()
    pooling = model(clips).features.pooling.detach()
    lens = LogitLens()(model, clips, ClassLogit(2))
    torch.testing.assert_close(pooling * lens, OriginalCAM()(model, clips, ClassLogit(2)), rtol=1e-4, atol=1e-6)


class BothTokens(TokenNet):
    """The class token and the mean of the patch tokens, one after the other."""

    def __init__(self) -> None:
        super().__init__(width=8)
        self.width = 16

    def forward(self, pixels: torch.Tensor) -> Features:  # type: ignore[explicit-override]
        maps, token, *_ = super().forward(pixels)
        return Features(maps, torch.cat([token, maps.mean((2, 3, 4))], dim=1))


def test_tokens_that_the_head_cannot_read_are_refused() -> None:
    with pytest.raises(InputError, match=r"BothTokens have 8 channels, its embedding has 16, .* GradCAM"):
        LogitLens()(random_model(BothTokens()), pixels(), ClassLogit(0))
