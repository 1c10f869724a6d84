"""P persons x K tracklets, over epochs, processes and interruptions."""

import os
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset
from typing_extensions import override

from datasets.batches import EvaluationShare, IdentityBatches
from reid.draws import seed_of
from reid.errors import InputError

Plan = Literal["all_groups", "one_visit"]
Batch = list[tuple[int, int]]

COUNTS = st.lists(st.integers(1, 9), min_size=4, max_size=10)
"""Tracklets of each person."""


def persons_of(counts: list[int]) -> list[int]:
    return [person for person, count in enumerate(counts) for _ in range(count)]


def tracklets(batches: list[Batch]) -> list[list[int]]:
    return [[tracklet for tracklet, _ in batch] for batch in batches]


def most_steps(groups: list[int], identities: int) -> int:
    """Slow definition: always serve those who have most left."""
    left, steps = list(groups), 0
    while sum(count > 0 for count in left) >= identities:
        for person in sorted(range(len(left)), key=lambda person: -left[person])[:identities]:
            left[person] -= 1
        steps += 1
    return steps


@settings(deadline=None)
@given(COUNTS, st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_all_groups_makes_the_most_batches_of_different_people(
    counts: list[int], identities: int, each: int, seed: int
) -> None:
    persons = persons_of(counts)
    batches = IdentityBatches(persons, identities, each, seed=seed)
    drawn = tracklets(list(batches))
    assert len(drawn) == len(batches) == most_steps([max(count // each, 1) for count in counts], identities)
    for batch in drawn:
        people = [persons[tracklet] for tracklet in batch]
        assert len(set(people)) == identities
        assert all(len(set(people[i : i + each])) == 1 for i in range(0, len(people), each))
    used = Counter(chain.from_iterable(drawn))
    assert all(used[tracklet] <= 1 for tracklet in used if counts[persons[tracklet]] >= each)


@settings(deadline=None)
@given(COUNTS, st.integers(1, 4), st.integers(1, 4))
def test_one_visit_shows_each_person_once(counts: list[int], identities: int, each: int) -> None:
    persons = persons_of(counts)
    drawn = tracklets(list(IdentityBatches(persons, identities, each, plan="one_visit")))
    assert len(drawn) == len(counts) // identities
    assert len({persons[tracklet] for batch in drawn for tracklet in batch}) == len(drawn) * identities
    assert all(len(batch) == identities * each for batch in drawn)


def test_a_person_of_few_tracklets_shows_all_before_one_repeats_and_with_other_seeds() -> None:
    (batch,) = IdentityBatches([5, 5, 7, 7, 7], 2, 4)
    assert sorted(Counter(tracklet for tracklet, _ in batch).values()) == [1, 1, 2, 2, 2]
    assert len({seed for _, seed in batch}) == 8


@pytest.mark.parametrize("plan", ["all_groups", "one_visit"])
def test_two_processes_share_what_one_of_twice_the_size_has(plan: Plan) -> None:
    persons = persons_of([9, 2, 3, 4, 8, 1, 5])
    whole = IdentityBatches(persons, 4, 2, plan, seed=3)
    halves = [IdentityBatches(persons, 2, 2, plan, seed=3, rank=rank, world=2) for rank in (0, 1)]
    for epoch in (0, 1):
        for batches in (whole, *halves):
            batches.set_epoch(epoch)
        assert [left + right for left, right in zip(*halves, strict=True)] == list(whole)
    assert len(halves[0]) == len(halves[1]) == len(whole)


def test_a_busy_person_is_not_always_on_the_same_process() -> None:
    persons = persons_of([40, 2, 2, 2, 2, 2])
    shares = [IdentityBatches(persons, 2, 2, rank=rank, world=2, batches=40) for rank in (0, 1)]
    places = [rank for rank, share in enumerate(shares) for batch in tracklets(list(share)) if min(batch) < 40]
    assert 0 < sum(places) < len(places)


def test_an_epoch_can_be_made_again_and_differs_from_the_next() -> None:
    batches = IdentityBatches(persons_of([6] * 6), 3, 2, seed=1)
    first = list(batches)
    assert list(batches) == first
    batches.set_epoch(1)
    assert tracklets(list(batches)) != tracklets(first)
    assert tracklets(list(IdentityBatches(persons_of([6] * 6), 3, 2, seed=2))) != tracklets(first)


def test_seeds_are_the_hash_of_seed_epoch_batch_and_position() -> None:
    batches = IdentityBatches(persons_of([4] * 4), 2, 2, seed=7)
    batches.set_epoch(5)
    drawn = [[seed for _, seed in batch] for batch in batches]
    assert drawn == [[seed_of(7, 5, batch, place) for place in range(4)] for batch in range(len(batches))]


def test_the_global_generator_is_not_used() -> None:
    state = torch.get_rng_state()
    list(IdentityBatches(persons_of([4] * 4), 2, 2))
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("wanted", [1, 2, 7])
def test_a_stated_length_repeats_or_cuts_the_plan(wanted: int) -> None:
    batches = IdentityBatches(persons_of([2, 2, 2]), 3, 2, batches=wanted)
    drawn = list(batches)
    assert len(drawn) == len(batches) == wanted
    assert len({tuple(batch) for batch in drawn}) == wanted


def test_a_resumed_epoch_goes_on_where_it_stopped_and_the_next_is_whole() -> None:
    whole = IdentityBatches(persons_of([6] * 4), 2, 2, seed=1)
    whole.set_epoch(3)
    resumed = IdentityBatches(persons_of([6] * 4), 2, 2, seed=1)
    resumed.resume(epoch=3, batches=4)
    assert list(resumed) == list(whole)[4:]
    assert list(resumed) == list(whole)[4:], "a loader may start an iteration more than once"
    assert len(resumed) == len(whole)
    for batches in (whole, resumed):
        batches.set_epoch(4)
    assert list(resumed) == list(whole)


class Numbers(Dataset[int]):
    @override
    def __getitem__(self, draw: tuple[int, int]) -> int:
        return draw[0]


def test_a_loader_takes_the_batches_and_passes_the_epoch_on() -> None:
    loader = DataLoader(Numbers(), batch_sampler=IdentityBatches(persons_of([4] * 4), 2, 2))
    loader.batch_sampler.sampler.set_epoch(2)  # type: ignore[union-attr]  # what Lightning does
    expected = IdentityBatches(persons_of([4] * 4), 2, 2)
    expected.set_epoch(2)
    assert [batch.tolist() for batch in loader] == tracklets(list(expected))


def test_too_few_people_are_a_mistake_with_its_numbers() -> None:
    with pytest.raises(InputError, match=r"needs 8 identities \(4 on each of 2 processes\) but there are 6 training"):
        IdentityBatches(persons_of([2] * 6), 4, 2, world=2)


@pytest.mark.parametrize(("identities", "each", "batches"), [(0, 2, None), (2, 0, None), (2, 2, 0)])
def test_numbers_below_one_are_mistakes(identities: int, each: int, batches: int | None) -> None:
    with pytest.raises(InputError, match="0 given, expected at least 1"):
        IdentityBatches(persons_of([2] * 6), identities, each, batches=batches)


def test_a_rank_outside_its_world_is_a_bug() -> None:
    with pytest.raises(ValueError, match="rank 2 of 2"):
        IdentityBatches(persons_of([2] * 6), 1, 2, rank=2, world=2)


@given(st.integers(0, 30), st.integers(1, 5))
def test_evaluation_shares_hold_each_item_once(length: int, world: int) -> None:
    shares = [EvaluationShare(length, rank, world) for rank in range(world)]
    assert sorted(chain.from_iterable(shares)) == list(range(length))
    assert sum(map(len, shares)) == length


@pytest.mark.data
@pytest.mark.parametrize(
    ("plan", "each", "clips", "batches"),
    [
        ("all_groups", 2, 7982, 498),
        ("all_groups", 4, 7532, 235),
        ("all_groups", 8, 7752, 121),
        ("one_visit", 2, 1250, 78),
        ("one_visit", 4, 2500, 78),
        ("one_visit", 8, 5000, 78),
    ],
)
def test_mars_epochs_have_the_published_lengths(plan: Plan, each: int, clips: int, batches: int) -> None:
    scipy_io = pytest.importorskip("scipy.io")
    table = Path(os.environ.get("REIDLENS_DATA", "")) / "mars_info" / "tracks_train_info.mat"
    if not table.is_file():
        pytest.skip("REIDLENS_DATA names no folder with mars_info/tracks_train_info.mat")
    persons = scipy_io.loadmat(table)["track_train_info"][:, 2].tolist()
    assert len(IdentityBatches(persons, 1, each, plan)) * each == clips
    drawn = list(IdentityBatches(persons, 8, each, plan))
    assert len(drawn) == batches
    assert all(len({persons[tracklet] for tracklet in batch}) == 8 for batch in tracklets(drawn))
