"""Which frames train: each shot as often as asked, the same for the same seed, shared among processes."""

from collections import Counter

import pytest

from datasets.localization.sampling import FramesPerShot, ShotBatches
from reid.errors import InputError

LENGTHS = [8, 3, 1, 20, 5]


def epoch(batches: ShotBatches, number: int = 0) -> list[list[tuple[int, int, int]]]:
    batches.set_epoch(number)
    return list(batches)


@pytest.mark.parametrize("wanted", [1, 2, 4, "all"])
def test_every_shot_gives_as_many_different_frames_as_asked(wanted: FramesPerShot) -> None:
    batches = ShotBatches(LENGTHS, 4, wanted)
    plan = epoch(batches)
    drawn = [(shot, frame) for batch in plan for shot, frame, _ in batch]
    expected = [length if wanted == "all" else min(wanted, length) for length in LENGTHS]
    assert len(set(drawn)) == len(drawn) == sum(expected)
    assert Counter(shot for shot, _ in drawn) == Counter(dict(enumerate(expected)))
    assert all(0 <= frame < LENGTHS[shot] for shot, frame in drawn)
    assert [len(batch) for batch in plan[:-1]] == [4] * (len(batches) - 1)
    assert len(plan) == len(batches)


def test_frames_are_uniform_and_shots_shuffled() -> None:
    batches = ShotBatches([4, 4, 4], 3, seed=7)
    drawn = [epoch(batches, number)[0] for number in range(600)]
    counts = Counter(frame for batch in drawn for shot, frame, _ in batch if shot == 1)
    assert all(110 < counts[frame] < 190 for frame in range(4)), counts
    firsts = Counter(batch[0][0] for batch in drawn)
    assert all(150 < firsts[shot] < 250 for shot in range(3)), firsts


def test_seed_and_epoch_decide() -> None:
    assert epoch(ShotBatches(LENGTHS, 2)) == epoch(ShotBatches(LENGTHS, 2))
    assert epoch(ShotBatches(LENGTHS, 2)) != epoch(ShotBatches(LENGTHS, 2), 1)
    assert epoch(ShotBatches(LENGTHS, 2)) != epoch(ShotBatches(LENGTHS, 2, seed=1))
    seeds = [seed for number in range(3) for batch in epoch(ShotBatches(LENGTHS, 2), number) for _, _, seed in batch]
    assert len(set(seeds)) == len(seeds)


def test_processes_share_an_epoch() -> None:
    whole = [item for batch in epoch(ShotBatches(LENGTHS, 100, "all")) for item in batch]
    shares = [ShotBatches(LENGTHS, 2, "all", rank=rank, world=3) for rank in range(3)]
    items = [[item for batch in epoch(share) for item in batch] for share in shares]
    assert [len(share) for share in items] == [12, 12, 12]
    assert set(whole) - {item for share in items for item in share} == {whole[-1]}
    assert len({len(share) for share in shares}) == 1


def test_an_epoch_goes_on_where_it_was() -> None:
    batches = ShotBatches(LENGTHS, 2, 3)
    first, second = epoch(batches, 4), epoch(batches, 5)
    resumed = ShotBatches(LENGTHS, 2, 3)
    resumed.resume(4, 2)
    assert list(resumed) == first[2:]
    assert epoch(resumed, 5) == second


def test_values_out_of_range() -> None:
    with pytest.raises(InputError, match="batch_size: 0 given, expected at least 1"):
        ShotBatches(LENGTHS, 0)
    with pytest.raises(InputError, match="frames_per_shot: 0 given, expected at least 1"):
        ShotBatches(LENGTHS, 1, 0)
    with pytest.raises(InputError, match="2 frames train in an epoch, expected one for each of 3 processes"):
        ShotBatches([1, 1], 1, world=3)
    with pytest.raises(ValueError, match="rank 2 of 2"):
        ShotBatches(LENGTHS, 1, rank=2, world=2)
