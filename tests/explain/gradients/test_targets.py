"""Every method takes every target, for each clip its own, settled on the clip as it is."""

import pytest
import torch
from torch import Tensor

from explain.core import Explainer
from explain.gradients import IntegratedGradients, SmoothGrad
from explain.gradients.released import released
from explain.targets import ClassLogit, PairSimilarity, RunnerUp, Target, WeightedRanks, narrow, settle
from tests.explain.gradients.nets import METHODS, SmoothNet
from tests.explain.targets.answers import CLIPS, all_targets, total, vectors
from tests.toys import FrameNet, TinyNet, pixels, random_model

TARGETS = {type(target).__name__: target for target in all_targets().values()}
"""Every target, in its last form there."""
DERIVED = all_targets()
"""Their gradient is, or can be made, the derivative of their value."""


@pytest.mark.parametrize("method", ["gradient", "gradient times input", "from the mean colour", "variance"])
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_clip_alone_has_the_map_of_its_narrowed_target(method: str, target: Target) -> None:
    model, clips, explainer = random_model(TinyNet()), pixels(CLIPS), METHODS[method]
    with torch.no_grad():
        own = narrow(settle(target, model(clips)), 1)
    together = explainer(model, clips, target)
    assert together.flatten(1).std(dim=1).min() > 0
    torch.testing.assert_close(
        explainer(model, clips[1:2], own), together[1:2], rtol=1e-3, atol=together.abs().max().item() * 1e-4
    )


@pytest.mark.parametrize("method", [IntegratedGradients(), SmoothGrad(sigma=0.5)], ids=["integrated", "smooth"])
def test_the_class_and_its_rival_are_those_of_the_unchanged_clip(method: Explainer) -> None:
    model, clips = random_model(FrameNet()), pixels(3)
    with torch.no_grad():
        two = model(clips).logits.topk(2).indices.tolist()
    fixed = [method(model, clips[i : i + 1], RunnerUp(*classes)) for i, classes in enumerate(two)]
    torch.testing.assert_close(method(model, clips, RunnerUp()), torch.cat(fixed), rtol=1e-4, atol=1e-5)
    anew = method(model, clips, lambda output: settle(RunnerUp(), output)(output))
    assert not torch.allclose(anew, torch.cat(fixed), rtol=0.1)


@pytest.mark.parametrize("target", DERIVED.values(), ids=DERIVED)
def test_the_integral_of_every_target_adds_up_to_its_change(target: Target) -> None:
    told: dict[str, list[float]] = {}
    method = IntegratedGradients("mean", note=lambda name, values: told.update({name: list(values)}))
    method(random_model(SmoothNet()), pixels(CLIPS), target)
    assert max(told["integration_error_relative"]) < 1e-3


def test_a_part_that_is_held_would_be_missing() -> None:
    model, clips, told = random_model(SmoothNet()), pixels(1), list[float]()
    held = PairSimilarity(vectors(1))

    def closed(output: object) -> Tensor:
        return held(output)  # type: ignore[arg-type]

    IntegratedGradients("mean", note=lambda _name, values: told.extend(values))(model, clips, closed)
    assert told[1] > 0.1


def test_what_is_released_scores_the_same() -> None:
    output = random_model(SmoothNet())(pixels(CLIPS))
    for target in (PairSimilarity(vectors(1)), settle(WeightedRanks(), output)):
        free = released(target)
        assert free != target
        torch.testing.assert_close(free(output), target(output))
    assert released(total) is total
    one = ClassLogit(1)
    assert released(one)(output).equal(one(output))
