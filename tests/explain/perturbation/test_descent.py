"""The descent by problems whose answers are known."""

import pytest
import torch
from torch import Tensor

from explain.copies import Tally
from explain.perturbation.descent import Descent, Objective, Verdict, descend
from explain.perturbation.hold import hold

WANTED = torch.tensor([[0.1, 0.2, 0.9, 0.6], [0.7, 0.7, 0.1, 0.1]])
"""What two searches go for; the mean of the first is .45, of the second .4."""


def nearest(areas: list[float], parts: int = 1, scale: float = 1.0) -> Objective:
    """The squared distance to `WANTED`, of parameters whose mean is to be the area of the search."""

    def judge(parameters: Tensor, some: Tensor, _over: float) -> Verdict:
        loss = scale * (parameters - WANTED[some]).square().sum(1)
        mean = parameters.view(len(some), parts, -1).mean(2)
        return Verdict(loss, loss, mean / torch.tensor(areas)[some, None] - 1)

    return judge


def run(objective: Objective, iterations: int = 300, parts: int = 1, searches: int = 2) -> Descent:
    start = torch.ones(searches, WANTED.shape[1])
    return descend(
        objective, start, torch.ones(WANTED.shape[1]), parts, iterations, rate=0.05, batch_size=8, tally=Tally(None, 0)
    )


def test_the_nearest_point_of_the_area_is_found() -> None:
    """It is as far from `WANTED` in each parameter; those at their limits stay there."""
    found = run(nearest([0.25, 0.5])).parameters
    torch.testing.assert_close(found[0], torch.tensor([0.0, 0.0, 0.7, 0.3]), rtol=0, atol=0.1)
    torch.testing.assert_close(found[1], WANTED[1] + 0.1, rtol=0, atol=0.02)


def test_reaches_change_the_way_and_not_the_end() -> None:
    """Gradient and correction are measured alike, so what cannot be bettered is the same."""
    reach = torch.tensor([0.3, 2.0, 0.7, 1.0])
    found = descend(nearest([0.25, 0.5]), torch.ones(2, 4), reach, 1, 600, 0.05, 8, Tally(None, 0)).parameters
    torch.testing.assert_close(found[0], torch.tensor([0.0, 0.0, 0.7, 0.3]), rtol=0, atol=0.1)
    torch.testing.assert_close(found[1], WANTED[1] + 0.1, rtol=0, atol=0.03)


@pytest.mark.parametrize("scale", [0.0, 0.1, 10.0])
def test_the_area_holds_whatever_the_scale_of_the_loss(scale: float) -> None:
    found = run(nearest([0.25, 0.5], scale=scale)).parameters.mean(1)
    torch.testing.assert_close(found, torch.tensor([0.25, 0.5]), rtol=0.01, atol=0)


def test_each_part_has_its_area() -> None:
    found = run(nearest([0.25, 0.5], parts=2), parts=2).parameters.view(2, 2, 2).mean(2)
    torch.testing.assert_close(found, torch.tensor([[0.25, 0.25], [0.5, 0.5]]), rtol=0.01, atol=0)


def test_one_search_does_not_touch_another() -> None:
    both = run(nearest([0.25, 0.5]))
    alone = descend(
        lambda parameters, some, over: nearest([0.25, 0.5])(parameters, some + 1, over),
        torch.ones(1, 4), torch.ones(4), 1, 300, 0.05, 8, Tally(None, 0),
    )  # fmt: skip
    assert torch.equal(alone.parameters[0], both.parameters[1])
    assert alone.iterations[0] == both.iterations[1]


def test_the_best_iterate_is_returned_and_not_the_last() -> None:
    """The merit is best at .5, and the loss goes on to 0."""
    seen = []

    def judge(parameters: Tensor, _some: Tensor, _over: float) -> Verdict:
        mean = parameters.mean(1)
        seen.append(mean.item())
        return Verdict(mean, (mean.detach() - 0.5).abs(), 0 * mean[:, None])

    found = descend(judge, torch.ones(1, 1), torch.ones(1), 1, 60, 0.02, 1, Tally(None, 0))
    assert min(seen) < 0.45
    assert found.parameters.item() == min(seen, key=lambda value: abs(value - 0.5))


def test_a_search_ends_when_it_gets_no_further() -> None:
    told: list[tuple[int, int]] = []
    calls: list[int] = []
    judge = nearest([0.45, 0.4])

    def counted(parameters: Tensor, some: Tensor, over: float) -> Verdict:
        calls.append(len(some))
        verdict = judge(parameters, some, over)
        return verdict._replace(merit=verdict.merit + (some == 1) * (1 - over))  # the second search always gets further

    tally = Tally(lambda done, total: told.append((done, total)), 200)
    found = descend(counted, torch.ones(2, 4), torch.ones(4), 1, 100, 0.05, 8, tally)
    first, second = found.iterations.tolist()
    assert first < 100
    assert second == 100
    assert sum(calls) == first + second
    assert told[-1] == (200, 200)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_no_search_ends_before_it_has_its_area() -> None:
    """Its merit never falls."""

    def judge(parameters: Tensor, some: Tensor, _over: float) -> Verdict:
        return Verdict(0 * parameters.sum(1), torch.ones(len(some)), parameters.mean(1, keepdim=True) / 0.1 - 1)

    found = run(judge, iterations=100, searches=1)
    assert found.parameters.mean().item() == pytest.approx(0.1, rel=0.01)
    assert 10 < found.iterations[0] < 100


def test_searches_are_taken_few_at_a_time() -> None:
    sizes = []
    judge = nearest([0.25, 0.5])

    def counted(parameters: Tensor, some: Tensor, over: float) -> Verdict:
        sizes.append(len(some))
        return judge(parameters, some, over)

    alone = descend(counted, torch.ones(2, 4), torch.ones(4), 1, 20, 0.05, 1, Tally(None, 0))
    assert set(sizes) == {1}
    assert torch.equal(alone.parameters, run(judge, iterations=20).parameters)


def test_a_corrected_step_keeps_within_its_limits() -> None:
    before = torch.tensor([[0.5, 0.5, 0.0, 1.0]])
    after = hold(before, before, torch.ones(1, 4), torch.tensor([[0.6]]), torch.ones(4))
    torch.testing.assert_close(after, torch.tensor([[0.7, 0.7, 0.2, 1.0]]))  # the last one is at its limit
    less = hold(before, before, torch.ones(1, 4), torch.tensor([[-0.3]]), torch.ones(4))
    torch.testing.assert_close(less, torch.tensor([[0.4, 0.4, 0.0, 0.9]]))
    assert torch.equal(hold(before, before, torch.zeros(1, 4), torch.tensor([[1.0]]), torch.ones(4)), before)
