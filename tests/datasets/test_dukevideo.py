"""DukeMTMC-VideoReID on a drawn miniature, in both styles of names."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from datasets.check import check
from datasets.counts import counts
from datasets.dukevideo import DukeMTMCVideoReID
from reid.errors import InputError
from reid.types import Tracklet

Write = Callable[[Path], None]
DATA = "DukeMTMC-VideoReID"


def who(tracklets: list[Tracklet]) -> list[tuple[int, int, int]]:
    """Person, camera and number of frames."""
    return [(tracklet.person, tracklet.camera, len(tracklet)) for tracklet in tracklets]


def test_both_styles_of_names_are_read_alike(duke_root: Path) -> None:
    benchmark = DukeMTMCVideoReID(duke_root)
    assert who(list(benchmark.train)) == [(1, 1, 5), (1, 2, 4), (5, 6, 4)]
    assert who(list(benchmark.query)) == [(2, 1, 4), (7, 5, 6)]
    assert who(list(benchmark.gallery)) == [(2, 1, 4), (2, 3, 4), (2, 1, 5), (7, 2, 4), (7, 5, 6), (7140, 8, 4)]
    assert benchmark.protocol == "official"
    assert all(frame.is_file() for frame in benchmark.train[0].frames)
    assert benchmark.train[0].name == "train_0001_0001"


def test_counts_are_those_of_the_ranking(duke_root: Path) -> None:
    found = counts(DukeMTMCVideoReID(duke_root))
    assert (found["queries_valid"], found["queries_dropped"]) == (2, 0)
    assert (found["excluded_pairs"], found["positives"]) == (3, 2)
    assert (found["gallery_persons"], found["query_images"], found["gallery_images"]) == (3, 10, 27)


def test_a_query_is_its_copy_in_the_gallery(duke_root: Path) -> None:
    benchmark = DukeMTMCVideoReID(duke_root)
    assert set(benchmark.query) <= set(benchmark.gallery)
    assert all("gallery" in tracklet.folder.parts for tracklet in benchmark.query)
    assert len({tracklet.name for tracklet in [*benchmark.query, *benchmark.gallery]}) == 6


@pytest.mark.parametrize("duke_style", ["old"], indirect=True)
def test_a_query_that_the_gallery_lacks_is_read_where_it_is(duke_root: Path) -> None:
    folder = duke_root / DATA / "gallery/0002/0001"
    folder.rename(duke_root / "away")
    benchmark = DukeMTMCVideoReID(duke_root)
    assert benchmark.query[0].folder == duke_root / DATA / "query/0002/0001"
    assert [finding.kind for finding in benchmark.inspect()] == ["query that the gallery lacks"]


@pytest.mark.parametrize("duke_style", ["old"], indirect=True)
def test_frames_are_ordered_by_their_number_in_the_tracklet(duke_root: Path) -> None:
    folder = duke_root / DATA / "train/0001/0001"
    (folder / "0001C1F0002X1024.jpg").rename(folder / "0001C1F10002X9.jpg")
    benchmark = DukeMTMCVideoReID(duke_root / DATA)
    assert benchmark.train[0].names[-1] == "0001C1F10002X9.jpg"
    (finding,) = benchmark.inspect()
    assert (finding.kind, finding.note) == ("gap in the frame numbers", True)


def test_check_passes_a_sound_copy(duke_root: Path) -> None:
    report = check(partial(DukeMTMCVideoReID, duke_root), doubles=True)
    assert report.findings == []
    assert set(report.differing) == set(report.expected) != set()


@pytest.mark.parametrize("duke_style", ["new"], indirect=True)
def test_check_names_what_is_wrong_and_counts_the_rest(duke_root: Path, write_frame: Write) -> None:
    data = duke_root / DATA
    write_frame(data / "train/0001/0001/0001_C1_F0001.jpg")
    write_frame(data / "train/0005/0003/0005_C2_F0009_X0009.jpg")
    (data / "gallery/7140").rename(data / "gallery/7141")
    (data / "gallery/0007/0009").mkdir()
    (data / "gallery/0002/0002/0002_C3_F0001_X1012.jpg").write_bytes(b"")
    report = check(partial(DukeMTMCVideoReID, duke_root))
    found = {(finding.kind, Path(finding.what).name): finding.detail for finding in report.problems}
    assert found == {
        ("malformed name", "0001_C1_F0001.jpg"): "expected a name such as 0001C6F0099X30823.jpg",
        ("misplaced frames", "0003"): "their names say person 0005 under camera 2, person 0005 under camera 6",
        ("misplaced frames", "0006"): "their names say person 7140 under camera 8",
        ("folder without frames", "0009"): "",
        ("unreadable frame", "0002_C3_F0001_X1012.jpg"): found["unreadable frame", "0002_C3_F0001_X1012.jpg"],
    }
    assert (report.found["train_tracklets"], report.found["gallery_tracklets"]) == (1, 5)


@pytest.mark.parametrize("duke_style", ["old"], indirect=True)
def test_a_folder_that_is_missing(duke_root: Path) -> None:
    (duke_root / DATA / "query").rename(duke_root / DATA / "probe")
    with pytest.raises(InputError, match="neither train, query and gallery nor a folder 'DukeMTMC-VideoReID'"):
        DukeMTMCVideoReID(duke_root)
