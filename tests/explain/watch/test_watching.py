"""Which clips of a validation are kept."""

import torch

from explain.watch.watching import Watch
from reid.types import Clip


def batch(*tracklets: int) -> Clip:
    """Clips whose pixels are the number of their tracklet, and their place in the batch."""
    pixels = torch.tensor([[tracklet, place] for place, tracklet in enumerate(tracklets)], dtype=torch.uint8)
    none = torch.zeros(len(tracklets))
    return Clip(pixels, none, none, torch.tensor(tracklets), none, none, none)


def kept(watch: Watch) -> list[tuple[int, list[list[int]]]]:
    return [(tracklet, pixels.tolist()) for tracklet, pixels in watch.clips]


def test_the_first_clip_of_the_first_query_of_each_share_is_kept() -> None:
    watch = Watch([10, 11, 12, 13], 2)
    for clips in [batch(9, 12), batch(10, 10, 13), batch(11, 12)]:
        watch.look(clips)
    assert kept(watch) == [(10, [[10, 0]]), (12, [[12, 1]])]


def test_a_process_that_sees_only_some_queries_keeps_others_of_the_shares() -> None:
    watch = Watch([10, 11, 12, 13], 2)
    watch.look(batch(11, 13))
    assert kept(watch) == [(11, [[11, 0]]), (13, [[13, 1]])]


def test_what_is_kept_is_a_copy() -> None:
    watch, clips = Watch([1], 1), batch(1)
    watch.look(clips)
    clips.pixels.zero_()
    assert kept(watch) == [(1, [[1, 0]])]


def test_more_shares_than_queries_and_none() -> None:
    for watch, expected in [(Watch([3, 4], 5), [3, 4]), (Watch(), []), (Watch([], 3), [])]:
        watch.look(batch(3, 4))
        assert [tracklet for tracklet, _ in watch.clips] == expected


def test_a_query_may_have_any_place_in_the_list() -> None:
    watch = Watch([7, 2], 2)
    watch.look(batch(2, 7))
    assert [tracklet for tracklet, _ in watch.clips] == [7, 2]


def test_it_holds_one_clip_of_each_not_the_batch() -> None:
    watch = Watch([1, 2], 2)
    watch.look(batch(1, 5, 6, 2))
    assert [pixels.untyped_storage().nbytes() for _, pixels in watch.clips] == [2, 2]
