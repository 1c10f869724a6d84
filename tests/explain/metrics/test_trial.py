"""One clip whose score is asked for again and again."""

import pytest
import torch
from torch import Tensor

from explain.core import guarded
from explain.metrics.baseline import Baseline, mean_colour
from explain.metrics.trial import Trial, trials
from explain.targets import ClassLogit, PairSimilarity, Target
from reid.errors import InputError
from reid.model import ReIDModel
from reid.types import Output
from tests.toys import TinyNet, pixels, random_model, red_clip, red_model


def prepared(
    model: ReIDModel, clips: Tensor, target: Target, baseline: Baseline = mean_colour, batch_size: int = 2
) -> list[Trial]:
    with guarded(model, clips) as (bare, own), torch.no_grad():
        return list(trials(bare, own, torch.zeros(len(clips), 1, 1, 1), target, baseline, batch_size))


def test_shares_run_from_the_baseline_to_the_whole_clip() -> None:
    clip, place = red_clip()
    (trial,) = prepared(red_model(), clip, ClassLogit(0))
    half = place.clone()
    half[2] = False
    copies = [trial.pixels, trial.blank, torch.where(half, trial.blank, trial.pixels)]
    torch.testing.assert_close(trial.shares(copies), torch.tensor([1.0, 0.0, 0.5]))
    assert trial.shares([]).shape == (0,)


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_copies_are_scored_against_their_own_clip(batch_size: int) -> None:
    """Pairs stay aligned however the copies are cut into batches."""
    model, clips = random_model(TinyNet()), pixels(3)
    gallery = torch.randn(3, 6, generator=torch.Generator().manual_seed(2))
    noises = pixels(5, seed=3)
    for clip, trial in enumerate(prepared(model, clips, PairSimilarity(gallery), batch_size=batch_size)):
        scores = PairSimilarity(gallery[clip])(model(trial.pixels + noises))
        expected = (scores - trial.empty) / (trial.whole - trial.empty)
        torch.testing.assert_close(trial.shares(trial.pixels + noises), expected.detach(), rtol=1e-3, atol=1e-4)


def test_the_predicted_class_is_that_of_the_whole_clip() -> None:
    """Without its red the clip would be taken for somebody else."""
    clip, place = red_clip()
    model = red_model()
    model.classifier.bias.data = torch.tensor([0.0, -0.5])
    bare = clip.clone()
    bare[0, :, place] = 0
    assert model(clip).logits.argmax() == model(bare).logits.argmax() == 1
    model.classifier.weight.data = torch.tensor([[100.0, 0.0], [0.0, 1.0]])
    assert (model(clip).logits.argmax(), model(bare).logits.argmax()) == (0, 1)
    (trial,) = prepared(model, clip, ClassLogit())
    assert trial.shares([bare[0]]).item() == pytest.approx(0.0, abs=1e-6)


def test_a_clip_without_evidence_is_not_resolved() -> None:
    clip, _ = red_clip()
    assert [trial.is_resolved for trial in prepared(red_model(), clip, ClassLogit(0))] == [True]
    assert [trial.is_resolved for trial in prepared(red_model(), clip * 0, ClassLogit(0))] == [False]

    def against(output: Output) -> Tensor:
        return -output.logits[:, 0]

    assert [trial.is_resolved for trial in prepared(red_model(), clip, against)] == [False]


def test_a_gain_below_rounding_is_not_resolved() -> None:
    clip, _ = red_clip()

    def far_from_zero(output: Output) -> Tensor:
        return 1000 + output.logits[:, 0]

    assert not prepared(red_model(), clip, far_from_zero)[0].is_resolved


def test_scores_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InputError, match="not all finite"):
        prepared(red_model(), red_clip()[0], lambda output: output.logits[:, 0] / 0)


@pytest.mark.parametrize(
    "raw",
    [torch.zeros(1, 1, 1, 1), torch.zeros(2, 1, 1), torch.full((2, 1, 1, 1), torch.nan)],
    ids=["few", "flat", "nan"],
)
def test_each_clip_needs_a_finite_map(raw: Tensor) -> None:
    with pytest.raises(ValueError, match="2 clips need as many finite maps"):
        next(trials(random_model(TinyNet()), pixels(), raw, ClassLogit(0), mean_colour, 2))
