"""Which frames of a tracklet make its clips."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from datasets.sampling import ChunkStarts, ConsecutiveRandom, Dense, Evenly, FrameSampling, RestrictedRandom
from reid.errors import InputError

RULES: list[Callable[[int], FrameSampling]] = [
    Evenly,
    ChunkStarts,
    ConsecutiveRandom,
    lambda frames: ConsecutiveRandom(frames, stride=8),
    RestrictedRandom,
    Dense,
    lambda frames: Dense(frames, limit=3),
]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("rule", RULES)
@given(st.integers(1, 20), st.integers(1, 200), st.integers(0, 2**32))
def test_every_rule_gives_the_promised_clips_in_the_order_of_time(
    rule: Callable[[int], FrameSampling], frames: int, length: int, seed: int
) -> None:
    sampling = rule(frames)
    for generator in (None, seeded(seed)):
        clips = sampling(length, generator)
        assert len(clips) == sampling.clips(length)
        for number, clip in enumerate(clips):
            assert len(clip) == frames == sampling.frames
            assert all(0 <= index < length for index in clip)
            cyclic = isinstance(sampling, Dense) and number == len(clips) - 1
            assert cyclic or clip == sorted(clip)


@pytest.mark.parametrize("rule", RULES)
def test_randomness_comes_from_the_generator_only(rule: Callable[[int], FrameSampling]) -> None:
    state = torch.get_rng_state()
    assert rule(4)(50, seeded(1)) == rule(4)(50, seeded(1))
    assert rule(4)(50) == rule(4)(50)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("rule", RULES)
def test_a_clip_without_frames_is_a_mistake(rule: Callable[[int], FrameSampling]) -> None:
    with pytest.raises(InputError, match="frames: 0 given"):
        rule(0)


def test_evenly_golden_numbers() -> None:
    assert Evenly(5)(16) == [[0, 3, 6, 9, 12]]
    assert Evenly(15)(60) == [list(range(0, 60, 4))]
    assert Evenly(4)(3) == [[0, 1, 2, 2]]


def test_chunk_starts_pad_with_the_last_frame() -> None:
    assert ChunkStarts(8)(20) == [[0, 3, 6, 9, 12, 15, 18, 19]]
    assert ChunkStarts(4)(2) == [[0, 1, 1, 1]]


def test_dense_golden_numbers() -> None:
    assert Dense(4)(9) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 8, 8, 8]]
    assert Dense(4)(3) == [[0, 1, 2, 0]]
    assert Dense(4).clips(920) == 230


def test_dense_with_a_limit_is_spread_over_the_tracklet() -> None:
    clips = Dense(4, limit=41)(920)
    assert len(clips) == 41
    assert clips[0] == [0, 1, 2, 3]
    assert clips[-1][0] > 880
    assert Dense(4, limit=41)(100) == Dense(4)(100)


@pytest.mark.parametrize("mistake", [lambda: Dense(4, limit=0), lambda: ConsecutiveRandom(4, stride=0)])
def test_a_limit_or_stride_of_zero_is_a_mistake(mistake: Callable[[], FrameSampling]) -> None:
    with pytest.raises(InputError, match="0 given"):
        mistake()


def test_consecutive_begins_everywhere_the_last_place_included() -> None:
    clips = [ConsecutiveRandom(4)(10, seeded(seed))[0] for seed in range(300)]
    assert {clip[0] for clip in clips} == set(range(7))
    assert all(clip == list(range(clip[0], clip[0] + 4)) for clip in clips)


def test_consecutive_repeats_the_last_frame_of_a_short_tracklet() -> None:
    assert ConsecutiveRandom(4)(2, seeded(0)) == [[0, 1, 1, 1]]
    assert ConsecutiveRandom(4)(4, seeded(0)) == [[0, 1, 2, 3]]
    assert ConsecutiveRandom(1)(5, seeded(0))[0][0] in range(5)


@pytest.mark.parametrize(("length", "stride", "begins"), [(32, 8, 8), (25, 8, 1), (24, 7, 3), (10, 3, 1), (5, 1, 2)])
def test_a_stride_shrinks_until_the_clip_fits(length: int, stride: int, begins: int) -> None:
    clips = {tuple(ConsecutiveRandom(4, stride=8)(length, seeded(seed))[0]) for seed in range(200)}
    assert clips == {tuple(range(begin, begin + 3 * stride + 1, stride)) for begin in range(begins)}


def test_restricted_random_draws_one_frame_of_each_chunk_and_reaches_the_end() -> None:
    clips = [RestrictedRandom(4)(10, seeded(seed))[0] for seed in range(300)]
    chunks = [{clip[chunk] for clip in clips} for chunk in range(4)]
    assert chunks == [{0, 1}, {2, 3}, {4, 5}, {6, 7, 8, 9}]


def test_restricted_random_keeps_every_frame_of_a_short_tracklet() -> None:
    assert RestrictedRandom(4)(4, seeded(0)) == [[0, 1, 2, 3]]
    assert RestrictedRandom(4)(2, seeded(0)) == [[0, 1, 1, 1]]
