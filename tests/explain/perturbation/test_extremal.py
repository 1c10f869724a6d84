"""Extremal perturbations of clips whose evidence is known."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from explain.perturbation import STEP, ExtremalPerturbation, ExtremalPerturbation2D, ExtremalPerturbation3D
from explain.perturbation.extremal import Masks
from explain.targets import ClassLogit, PairSimilarity, Target
from reid.errors import InputError
from reid.types import Output
from tests.explain.perturbation.evidence import overlap, planted
from tests.toys import FrameNet, TinyNet, TokenNet, pixels, random_model, red_clip, red_model

METHODS = (ExtremalPerturbation2D, ExtremalPerturbation3D, STEP)
SHARE = 4 * 12 * 12 / (8 * 32 * 32)
"""Of the planted box in the clip; in the four frames that have it, twice as much."""
AREAS = (0.05, SHARE, 0.2, 0.4)
AREAS_OF_A_FRAME = (0.05, 2 * SHARE, 0.2, 0.4)


def areas_of(method: type[ExtremalPerturbation]) -> tuple[float, ...]:
    return AREAS_OF_A_FRAME if method.rules.per_frame else AREAS


@cache
def found(method: type[ExtremalPerturbation]) -> Masks:
    """The masks of the planted clip."""
    return method(areas_of(method), iterations=100, pyramid="fade").masks(red_model(), planted()[0], ClassLogit(0))


def whole() -> Tensor:
    """The score of the planted clip."""
    logits: Tensor = red_model()(planted()[0]).logits
    return logits[0, 0].detach()


@pytest.mark.parametrize("method", METHODS)
def test_areas_are_what_was_asked_for(method: type[ExtremalPerturbation]) -> None:
    asked, masks = torch.tensor(areas_of(method)), found(method).masks[:, 0]
    means = masks.mean((1, 2, 3))
    torch.testing.assert_close(means, asked, rtol=0.0011, atol=0)
    torch.testing.assert_close(found(method).reached[:, 0], means)
    if method.rules.per_frame:
        frames = masks.mean((2, 3))
        torch.testing.assert_close(frames, asked[:, None].expand_as(frames), rtol=0.0011, atol=0)


@pytest.mark.parametrize("iterations", [1, 5, 20])
@pytest.mark.parametrize("method", METHODS)
def test_areas_are_what_was_asked_for_after_few_iterations(method: type[ExtremalPerturbation], iterations: int) -> None:
    masks = method((0.05, 0.4), iterations).masks(red_model(), planted()[0], ClassLogit(0)).masks
    torch.testing.assert_close(masks.mean((1, 2, 3, 4)), torch.tensor([0.05, 0.4]), rtol=0.0011, atol=0)


@pytest.mark.parametrize("method", METHODS)
def test_the_planted_box_is_found(method: type[ExtremalPerturbation]) -> None:
    place, mask = planted()[1], found(method).masks[1, 0]
    frames = slice(2, 6) if method.rules.per_frame else slice(None)
    assert overlap(mask[frames], place[frames]) >= 0.6


@pytest.mark.parametrize("method", METHODS)
def test_larger_masks_show_more(method: type[ExtremalPerturbation]) -> None:
    shown = found(method).shown[:, 0] / whole()
    assert (shown.diff() > -0.02).all()
    assert shown[-1] > 0.9


def test_scores_are_those_of_the_clip_behind_its_mask() -> None:
    clip, result = planted()[0], found(STEP)
    for number, mask in enumerate(result.masks):
        behind = [red_model()(part[:, None] * clip).logits[0, 0] for part in (mask, 1 - mask)]
        expected = torch.stack([result.shown[number, 0], result.hidden[number, 0]])
        torch.testing.assert_close(torch.stack(behind).detach(), expected)


@pytest.mark.parametrize("mode", ["delete", "dual"])
def test_evidence_is_deleted(mode: Any) -> None:
    result = ExtremalPerturbation3D([0.15], 40, mode, pyramid="fade").masks(red_model(), planted()[0], ClassLogit(0))
    assert result.hidden.item() < 0.3 * whole()
    assert result.reached.item() == pytest.approx(0.15, rel=0.0011)
    if mode == "dual":
        assert result.shown.item() > 0.7 * whole()


def explained(method: ExtremalPerturbation, clips: Tensor, target: Target) -> Masks:
    return method.masks(random_model(TinyNet()), clips, target)


def test_two_clips_are_two_times_one() -> None:
    clips, galleries = pixels(2), torch.linspace(-1, 1, 12).view(2, 6)
    method = STEP((0.1, 0.4), 6)  # few iterations: rounding grows with them
    both = explained(method, clips, PairSimilarity(galleries))
    for clip in range(2):
        alone = explained(method, clips[clip : clip + 1], PairSimilarity(galleries[clip]))
        torch.testing.assert_close(both.masks[:, clip], alone.masks[:, 0], rtol=0, atol=1e-3)
        torch.testing.assert_close(both.shown[:, clip], alone.shown[:, 0], rtol=1e-3, atol=1e-4)


def test_few_masks_at_a_time_are_the_same() -> None:
    clips = pixels(2)
    at_once = explained(ExtremalPerturbation3D((0.1, 0.2, 0.4), 20), clips, ClassLogit())
    in_turn = explained(ExtremalPerturbation3D((0.1, 0.2, 0.4), 20, batch_size=2), clips, ClassLogit())
    torch.testing.assert_close(at_once.masks, in_turn.masks, rtol=0, atol=1e-3)


def test_masks_are_the_same_every_time() -> None:
    clips, method = pixels(1), STEP((0.1, 0.4), 15)
    state = torch.get_rng_state()
    first = method(random_model(TinyNet()), clips, ClassLogit())
    torch.rand(3)
    assert torch.equal(first, method(random_model(TinyNet()), clips, ClassLogit()))
    torch.set_rng_state(state)


def test_the_map_is_the_mean_of_the_masks_and_the_figures_are_told() -> None:
    clips, told = pixels(2), dict[str, Sequence[float]]()
    steps: list[tuple[int, int]] = []
    method = ExtremalPerturbation2D(
        (0.1, 0.4), 15, progress=lambda done, total: steps.append((done, total)), note=told.__setitem__
    )
    masks = explained(method, clips, ClassLogit(1))
    raw = method(random_model(TinyNet()), clips, ClassLogit(1))
    assert raw.shape == (2, 4, 16, 8)
    assert torch.equal(raw, masks.masks.mean(0))
    assert steps[-1] == (60, 60)
    assert list(told) == [
        f"area {a} {name}" for a in (0.1, 0.4) for name in ("reached", "shown", "hidden", "iterations")
    ]
    assert told["area 0.4 reached"] == pytest.approx(masks.reached[1].tolist())
    assert told["area 0.1 shown"] == pytest.approx(masks.shown[0].tolist())
    assert told["area 0.1 iterations"] == masks.iterations[0].tolist()


@pytest.mark.parametrize("reward", ["score", "contrastive", "log_probability"])
@pytest.mark.parametrize("mode", ["preserve", "delete", "dual"])
def test_every_reward_in_every_mode(reward: Any, mode: Any) -> None:
    (clip, place), model = red_clip(), red_model()
    model.classifier.weight.data = torch.tensor([[100.0, 0.0], [0.0, 0.0]])  # red against nothing
    masks = ExtremalPerturbation3D([0.1], 12, mode, reward).masks(model, clip, ClassLogit(0)).masks
    assert masks.isfinite().all()
    assert masks[0, 0][place].mean() > masks[0, 0][~place].mean()


def test_rewards_of_a_class_are_not_for_pairs() -> None:
    with pytest.raises(InputError, match="PairSimilarity is of no class"):
        explained(STEP(reward="log_probability"), pixels(), PairSimilarity(torch.ones(6)))


@pytest.mark.parametrize("backbone", [FrameNet, TokenNet])
def test_any_function_of_the_answer_is_a_target(backbone: Any) -> None:
    raw = ExtremalPerturbation3D([0.3], 5)(random_model(backbone()), pixels(), lambda output: output.logits[:, 2])
    assert raw.shape == (2, 4, 16, 8)
    assert raw.isfinite().all()


def test_half_precision_is_for_the_network_only() -> None:
    kinds: set[torch.dtype] = set()

    def target(output: Output) -> Tensor:
        kinds.add(output.logits.dtype)
        return output.logits[:, 0].float()

    with torch.autocast("cpu", torch.bfloat16):
        masks = explained(ExtremalPerturbation3D([0.3], 40), pixels(1), target)
    assert kinds == {torch.bfloat16}
    assert masks.masks.dtype == torch.float32
    assert masks.reached.item() == pytest.approx(0.3, rel=0.0011)


def test_scores_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InputError, match="not finite"):
        explained(STEP([0.1], 5), pixels(), lambda output: output.logits[:, 0] / 0)


@pytest.mark.parametrize("areas", [[], [0.1, 0.0], [1.0], [-0.1], [float("nan")]])
def test_areas_that_no_mask_has_are_refused(areas: list[float]) -> None:
    with pytest.raises(InputError, match="areas"):
        STEP(areas)


def test_numbers_below_one_are_refused() -> None:
    with pytest.raises(InputError, match="iterations 0"):
        STEP(iterations=0)
    with pytest.raises(InputError, match="sigma 0"):
        STEP(sigma=0)
    with pytest.raises(InputError, match="batch_size 0"):
        STEP(batch_size=0)
