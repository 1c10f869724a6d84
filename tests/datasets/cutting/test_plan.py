"""Which boxes become which tracklets, against hand counts and slow loops."""

from pathlib import Path

import numpy as np
import pytest

from datasets.cutting.boxes import Box, Boxes, Collector
from datasets.cutting.decoding import Look
from datasets.cutting.filters import Filters, filtered
from datasets.cutting.hidden import BY_COLUMN, BY_OVERLAP, covered, hidden_shares
from datasets.cutting.plan import make_plan
from datasets.cutting.sources import sources
from datasets.cutting.tracks import Lengths, cut_tracks
from datasets.cutting.windows import Windows, windows
from reid.errors import InputError

VIDEOS = [Path("a.mp4"), Path("b.mp4")]
FILE = [Path("boxes.csv")]


def boxes_of(*given: Box) -> Boxes:
    collector = Collector()
    for line, box in enumerate(given, start=1):
        collector.add(box, line)
    return collector.boxes(first_frame=0)


def walk(track: int, frames: list[int], **more: str) -> list[Box]:
    return [Box(frame, track, 0, 0, 20, 60, **more) for frame in frames]  # type: ignore[arg-type]


def test_coverage_is_that_of_a_loop_over_pixels() -> None:
    generator = np.random.default_rng(0)
    low = generator.integers(0, 20, (12, 2))
    corners = np.concatenate([low, low + generator.integers(1, 20, (12, 2))], axis=1).astype(np.float32)
    for box, share in zip(corners.astype(int), covered(corners), strict=True):
        best = 0.0
        for other in corners.astype(int):
            if other[3] > box[3]:
                grid = np.zeros((40, 40), bool)
                grid[other[1] : other[3], other[0] : other[2]] = True
                best = max(best, grid[box[1] : box[3], box[0] : box[2]].mean())
        assert share == pytest.approx(best, abs=1e-6)


def test_what_hides_a_person() -> None:
    behind, before = Box(0, 1, 0, 0, 10, 20), Box(0, 2, 5, 0, 15, 30)
    shares, how = hidden_shares(boxes_of(behind, before, Box(1, 2, -5, 0, 15, 30), Box(1, 1, 50, 0, 60, 20)), 100, 100)
    assert shares.tolist() == pytest.approx([0.5, 0, 0.25, 0])
    assert how == BY_OVERLAP
    seen = boxes_of(behind._replace(visibility=0.75), before._replace(visibility=1))
    shares, how = hidden_shares(seen, 100, 100)
    assert (shares.tolist(), how) == ([0.25, 0], BY_COLUMN)
    others = boxes_of(behind._replace(camera="a"), before._replace(camera="b"))
    assert not hidden_shares(others, 100, 100)[0].any(), "under two cameras nobody hides anybody"


def test_each_filter_counts_what_it_drops() -> None:
    boxes = boxes_of(
        Box(0, 1, 0, 0, 20, 60, confidence=0.9, person="ann"),
        Box(1, 1, 0, 0, 20, 60, confidence=0.1, person="ann"),
        Box(2, 1, 0, 0, 10, 60, person="ann"),
        Box(3, 1, 0, 0, 20, 40, person="ann"),
        Box(4, 1, 300, 0, 320, 60, person="ann"),
        Box(5, 1, 30, 0, 20, 60, person="ann"),
        Box(6, 1, 0, 0, 20, 60, person="ann"),
        Box(6, 2, 0, 20, 20, 80, confidence=0.9),
        Box(7, 1, 0, 0, 20, 60, confidence=0.9, person="ann"),
        Box(7, 2, 0, 20, 20, 80, confidence=0.1),
    )
    kept, dropped, _ = filtered(boxes, Filters(min_confidence=0.5), 100, 100)
    assert kept.frame.tolist() == [0, 7], "a doubtful box hides nobody"
    assert dropped == {
        "confidence below 0.5": 2,
        "no identity": 1,
        "outside of the picture, or of no size": 2,
        "smaller than 16x48 pixels (width x height)": 2,
        "more than 50% hidden": 1,
    }


def test_tracks_are_cut_at_gaps_thinned_out_and_parted() -> None:
    frames = [*range(10), *range(13, 20), *range(30, 32)]
    cut = cut_tracks(boxes_of(*walk(7, frames)), Lengths(max_gap=3, step=2, min_length=4, max_length=5))
    tracklets = [[frames[place] for place in places] for places in cut.tracklets]
    assert tracklets == [[0, 2, 4, 6, 8], [13, 15, 17, 19]]
    assert (list(map(len, cut.short)), cut.between) == ([1], 9)


def test_a_track_that_changes_its_person_is_cut_there() -> None:
    boxes = boxes_of(*walk(7, [0, 1], person="ann"), *walk(7, [2, 3], person="bob"), *walk(8, [2, 3], person="ann"))
    cut = cut_tracks(boxes, Lengths(min_length=1))
    assert sorted(places.tolist() for places in cut.tracklets) == [[0, 1], [2, 3], [4, 5]]


def test_windows_never_leave_the_picture_and_are_never_empty() -> None:
    generator = np.random.default_rng(0)
    low = generator.uniform(-50, 150, (200, 2))
    corners = np.concatenate([low, low + generator.uniform(0, 80, (200, 2))], axis=1).astype(np.float32)
    for form in (Windows(), Windows(padding=0.3), Windows(aspect=0.5), Windows(padding=0.1, aspect=2)):
        left, top, right, bottom = windows(corners, form, 100, 120).T
        assert (left >= 0).all()
        assert (left < right).all()
        assert (right <= 120).all()
        assert (top >= 0).all()
        assert (top < bottom).all()
        assert (bottom <= 100).all()


def test_videos_cameras_and_boxes_are_paired() -> None:
    plain = boxes_of(*walk(1, [0]))
    named = boxes_of(*walk(1, [0], camera="b.mp4"), *walk(2, [0, 1], camera="a"))
    assert [source.boxes.cameras for source in sources(VIDEOS, VIDEOS, [plain, plain], [])] == [("a",), ("b",)]
    assert [source.prefix for source in sources(VIDEOS, VIDEOS, [plain, plain], ["hall", "hall"])] == ["v1-", "v2-"]
    one_for_all = sources(VIDEOS, FILE, [named], [])
    assert [(source.boxes.cameras, len(source.boxes)) for source in one_for_all] == [(("a",), 2), (("b",), 1)]
    assert sources(VIDEOS[:1], FILE, [named], [])[0].boxes.cameras == ("b.mp4", "a"), "a camera's name is free there"


@pytest.mark.parametrize(
    ("videos", "files", "camera", "names", "message"),
    [
        (VIDEOS, FILE, "", [], "boxes.csv: one file for 2 videos, but no column camera; give one file for each"),
        (VIDEOS, FILE * 3, "", [], "2 videos and 3 files of boxes; give one file for each video"),
        (VIDEOS, FILE, "c", [], "boxes.csv line 1: camera 'c', expected one of a, b"),
        (VIDEOS, FILE, "a", ["x", "x"], "one file for several videos of a camera"),
        (VIDEOS, FILE * 2, "", ["x"], "--cameras: 1 names given for 2 videos"),
        ([Path("1/a.mp4"), Path("2/a.avi")], FILE * 2, "", [], "several videos are called 'a'; say with --cameras"),
        ([Path("query.mp4")], FILE, "", [], r"'query', which names a side .*\(--cameras gives other names\)"),
    ],
)
def test_what_cannot_be_paired(
    videos: list[Path], files: list[Path], camera: str, names: list[str], message: str
) -> None:
    read = [boxes_of(*walk(1, [0], camera=camera))] * len(files)
    with pytest.raises(InputError, match=message):
        sources(videos, files, read, names)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (walk(1, list(range(10))), "boxes.csv line 10: a box in frame 10, but a.mp4 has 9 frames"),
        ([*walk(1, [0, 1]), *walk(1, [1])], "boxes.csv line 3: a second box of track 1 in frame 2"),
        (walk(1, [0, 1]), r"none of 2 boxes is left \(2 in a tracklet shorter than 8 frames\); loosen the filters"),
    ],
)
def test_what_cannot_be_planned(given: list[Box], message: str) -> None:
    source = sources(VIDEOS[:1], FILE, [boxes_of(*given)], [])
    with pytest.raises(InputError, match=message):
        make_plan(source, [Look(100, 100, 9)], Filters(), Lengths(), Windows())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Filters(min_height=0), "--min_height 0"),
        (lambda: Filters(max_occlusion=1.5), "--max_occlusion 1.5"),
        (lambda: Lengths(step=0), "--step 0"),
        (lambda: Lengths(min_length=9, max_length=8), "--max_length 8"),
        (lambda: Windows(aspect=0), "--aspect 0"),
        (lambda: Windows(quality=101), "--quality 101"),
    ],
)
def test_options_out_of_range(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]
