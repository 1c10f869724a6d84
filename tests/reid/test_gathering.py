"""The batches of three processes become one."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, multiprocessing

from reid.errors import InputError
from reid.gathering import add_up, gather_batch, processes
from reid.losses import CenterLoss
from reid.types import Features, Output
from tests.reid.losses.outputs import noise

WORLD, B, D, K, T = 3, 2, 4, 5, 3
SHARES = [slice(process * B, (process + 1) * B) for process in range(WORLD)]
PERSONS = torch.tensor([0, 0, 1, 1, 2, 4])
pytestmark = [pytest.mark.ddp, pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")]


def whole_batch() -> Output:
    """What one process would answer for all clips: with a neck, attention and erased frames."""
    before, after = noise(WORLD * B, D), noise(WORLD * B, D, seed=1)
    scores = noise(WORLD * B, T, seed=2)
    features = Features(noise(WORLD * B, 2, T, 2, 2), before, noise(WORLD * B, T, 2, 2), scores)
    logits = noise(WORLD * B, K, seed=4).bfloat16()
    return Output(after, logits, before, after, noise(K, D, seed=5), features, noise(K, D, seed=6), scores > 0)


def share_of(output: Output, mine: slice) -> Output:
    """Some of the clips; the logits as a view that is not contiguous."""
    before, after = (part[mine].clone().requires_grad_() for part in (output.before_neck, output.after_neck))
    scores, erased = output.features.attention_scores, output.erased
    assert scores is not None
    assert erased is not None
    features = Features(output.features.map[mine], before, None, scores[mine].clone().requires_grad_())
    logits = output.logits[mine].T.contiguous().T
    return output._replace(
        embedding=after, logits=logits, before_neck=before, after_neck=after, features=features, erased=erased[mine]
    )


def objective(whole: Output, process: int) -> Tensor:
    """Another function of all clips in each process."""
    factors, scores = noise(WORLD * B, D, seed=10 + process), whole.features.attention_scores
    assert scores is not None
    return (whole.before_neck * factors).sum() + (whole.after_neck * factors).square().sum() + scores.prod()


def moved_centers(output: Output, person: Tensor) -> Tensor:
    """Centers after two steps in which the clips and another term move them."""
    center = CenterLoss(K, D, gain=3.0).double()
    for step in range(2):
        lent = center.lend()
        (0.0005 * center(output, person) + (lent.square() * noise(K, D, seed=step)).sum()).backward()
        center.follow()
    return center.centers


def gathered(process: int) -> dict[str, Any]:
    """What one process gets, and the gradients of its own clips."""
    share, mine = share_of(whole_batch(), SHARES[process]), PERSONS[SHARES[process]]
    whole, person = gather_batch(share, mine)
    torch.autograd.backward(objective(whole, process))
    scores, features = share.features.attention_scores, whole.features
    assert scores is not None
    assert features.attention_scores is not None
    return {
        "person": person,
        "joined": [part.detach() for part in (*whole[:4], features.embedding, features.attention_scores)],
        "erased": whole.erased,
        "same": [whole.embedding is whole.after_neck, features.embedding is whole.before_neck],
        "left": [whole.class_vectors is share.class_vectors, whole.centers is share.centers],
        "own": [features.map, features.pooling],
        "gradients": [share.before_neck.grad, share.after_neck.grad, scores.grad],
        "centers": moved_centers(whole._replace(before_neck=whole.before_neck.detach().requires_grad_()), person),
    }


def refused(process: int) -> str:
    """What a process hears where the last one has a clip more."""
    with pytest.raises(InputError) as error:
        gather_batch(share_of(whole_batch(), SHARES[0]), PERSONS[: B + (process == WORLD - 1)])
    return str(error.value)


def work(process: int, folder: Path) -> None:
    torch.set_num_threads(1)  # threads of the parent do not survive a fork
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=process, world_size=WORLD)
    found = {"refused": refused(process), **gathered(process), "processes": processes()}
    sums = torch.tensor([process]), torch.ones(2)
    add_up(*sums)
    torch.save(found | {"sums": sums}, folder / f"{process}.pth")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of three processes saw."""
    folder = tmp_path_factory.mktemp("gathered")
    multiprocessing.start_processes(work, (folder,), nprocs=WORLD, start_method="fork")  # type: ignore[no-untyped-call,attr-defined]
    return [torch.load(folder / f"{process}.pth", weights_only=True) for process in range(WORLD)]


def test_every_process_holds_the_whole_batch(found: list[dict[str, Any]]) -> None:
    expected = whole_batch()
    parts = [*expected[:4], expected.features.embedding, expected.features.attention_scores]
    for seen in found:
        torch.testing.assert_close(seen["joined"], parts, rtol=0, atol=0)
        torch.testing.assert_close([seen["person"], seen["erased"]], [PERSONS, expected.erased])
        assert seen["same"] == [True, True]


def test_what_is_the_same_everywhere_and_the_map_stay(found: list[dict[str, Any]]) -> None:
    for process, seen in enumerate(found):
        assert seen["left"] == [True, True]
        own, pooling = seen["own"]
        assert torch.equal(own, share_of(whole_batch(), SHARES[process]).features.map)
        assert pooling is None


def test_a_clip_gets_the_sum_of_the_gradients_of_all_processes(found: list[dict[str, Any]]) -> None:
    whole = share_of(whole_batch(), slice(None))
    scores = whole.features.attention_scores
    assert scores is not None
    total = torch.stack([objective(whole, process) for process in range(WORLD)]).sum()
    gradients = torch.autograd.grad(total, (whole.before_neck, whole.after_neck, scores))
    for process, seen in enumerate(found):
        for mine, all_clips in zip(seen["gradients"], gradients, strict=True):
            torch.testing.assert_close(mine, all_clips[SHARES[process]])


def test_a_gathered_batch_moves_the_centers_once(found: list[dict[str, Any]]) -> None:
    whole = share_of(whole_batch(), slice(None))
    expected = moved_centers(whole, PERSONS)
    for seen in found:
        torch.testing.assert_close(seen["centers"], expected)


def test_unequal_batches_are_refused_by_every_process(found: list[dict[str, Any]]) -> None:
    assert found[0]["refused"].startswith("the processes have batches of 2, 2, 3 clips")
    assert len({seen["refused"] for seen in found}) == 1


def test_sums_are_over_all_processes(found: list[dict[str, Any]]) -> None:
    for seen in found:
        assert seen["processes"] == WORLD
        assert [part.tolist() for part in seen["sums"]] == [[3], [3.0, 3.0]]


def test_a_process_alone_gets_back_what_it_gave() -> None:
    output = whole_batch()
    joined, person = gather_batch(output, PERSONS)
    assert joined is output
    assert person is PERSONS
    assert processes() == 1
    alone = torch.ones(2)
    add_up(alone)
    assert alone.tolist() == [1, 1]
