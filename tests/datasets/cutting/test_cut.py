"""From videos and boxes to a benchmark: what is cut, resumed, remembered, said and trained on."""

import json
import re
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lightning.pytorch import Trainer
from numpy.typing import NDArray

from datasets import Folder
from datasets.__main__ import main
from datasets.counts import counts
from datasets.cutting import writing
from datasets.cutting.command import Options, cut
from datasets.cutting.decoding import frames_of
from datasets.cutting.division import Division
from datasets.cutting.tracks import Lengths
from datasets.datamodule import ReIDDataModule
from datasets.sampling import Dense, RestrictedRandom
from reid.backbones import ResNetTA
from reid.errors import InputError
from reid.image import read_image
from reid.library.found import find_tracklets
from reid.module import ReIDModule

Film = Callable[..., Path]
COLOURS = {1: (220, 30, 30), 2: (30, 200, 40), 4: (220, 210, 40)}
FRAMES = 24
ALL = range(FRAMES)
OPTIONS = Options(lengths=Lengths(min_length=4, max_length=12))
SMALL = ["--min_length", "4", "--max_length", "12"]
PEOPLE = {1: ALL, 2: range(6), 3: range(2, 22), 4: range(12, 24)}


@pytest.fixture
def two(film: Film) -> list[Path]:
    """Four people under two cameras."""
    return [film("door", PEOPLE), film("hall", PEOPLE)]


def with_identities(two: list[Path]) -> list[Path]:
    """The boxes of both videos in one table with identities and cameras."""
    lines = ["frame,id,left,top,width,height,confidence,identity,camera"]
    for video in two:
        for line in video.with_suffix(".txt").read_text().splitlines():
            cells = line.split(",")
            lines.append(",".join([*cells[:7], f"p{cells[1]}", video.stem]))
    table = two[0].with_name("boxes.csv")
    table.write_text("\n".join(lines))
    return [table]


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_people_are_in_the_tracklets(two: list[Path], tmp_path: Path) -> None:
    told = cut(two, with_identities(two), tmp_path / "out", options=OPTIONS)
    assert told["counts"] == {
        "persons": 4,
        "cameras": 2,
        "tracklets": 12,
        "frames": 2 * (24 + 6 + 20 + 12),
        "persons_that_can_be_found": 4,
    }
    assert told["lengths"] == {"shortest": 6, "median": 11, "longest": 12}
    assert told == json.loads((tmp_path / "out/summary.json").read_text())
    assert (tmp_path / "out/p3/hall/t0003-f000003").is_dir()
    for track, frame in ((1, 1), (1, 24), (2, 6), (4, 13)):
        (path,) = tmp_path.glob(f"out/p{track}/door/*/{frame:06d}.jpg")
        picture = read_image(path)
        assert picture.shape == (60, 20, 3)
        np.testing.assert_allclose(picture[5:-5, 5:-5].mean((0, 1)), COLOURS[track], atol=12)
        assert path.parent.name.startswith(f"t{track:04d}-f")


def test_it_is_a_benchmark_with_and_without_its_table(two: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = cut(two, with_identities(two), out, options=OPTIONS)
    folder = Folder(out, out / "tracklets.csv")
    found = counts(folder)
    for side in ("train", "query", "gallery"):
        assert found[f"{side}_tracklets"] == told["sides"][side]["tracklets"]
        assert found[f"{side}_persons"] == told["sides"][side]["persons"]
        assert found[f"{side}_images"] == told["sides"][side]["frames"]
    assert found["queries_valid"] == found["query_tracklets"] == 4
    assert found["train_persons"] == 2
    assert not {item.person for item in folder.train} & {item.person for item in folder.gallery}
    assert counts(Folder(out))["train_tracklets"] + counts(Folder(out))["gallery_tracklets"] == 12
    assert main(["check", "datasets.Folder", "--root", str(out), "--table", str(out / "tracklets.csv")]) == 0
    assert main(["check", "datasets.Folder", "--root", str(out)]) == 0


def test_the_library_finds_its_tracklets_and_no_sheets(two: list[Path], tmp_path: Path) -> None:
    cut(two, with_identities(two), tmp_path / "out", options=OPTIONS)
    assert list((tmp_path / "out").glob("sheet_*.jpg"))
    folders = {path.parent.relative_to(tmp_path / "out").as_posix() for path in tmp_path.rglob("0*.jpg")}
    assert len(folders) == 12
    assert {tracklet.name for tracklet in find_tracklets([tmp_path / "out"])} == folders


@pytest.mark.filterwarnings("ignore")  # Lightning's advice
def test_a_step_of_training_on_it(two: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    cut(two, with_identities(two), out, options=OPTIONS)
    data = ReIDDataModule(
        Folder(out, out / "tracklets.csv"),
        identities_per_batch=2,
        tracklets_per_identity=2,
        train_sampling=RestrictedRandom(2),
        test_sampling=Dense(4),
        workers=0,
    )
    options: dict[str, Any] = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False}
    trainer = Trainer(fast_dev_run=1, use_distributed_sampler=False, **options)
    trainer.fit(ReIDModule(ResNetTA(18, (32, 16)), 2), datamodule=data)
    assert trainer.global_step == 1


def test_without_identities_each_track_is_a_person(
    two: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--boxes", *(str(video.with_suffix(".txt")) for video in two), "--output", str(tmp_path / "out"), *SMALL]
    assert main(["cut", "--video", *map(str, two), *words]) == 0
    said = capsys.readouterr().out
    assert "cut:     8 persons, 2 cameras, 12 tracklets, 124 frames" in said
    assert "note: no column identity, so each track is a person of its own under its camera" in said
    assert "note: nobody is under two cameras, so cameras are left out" in said
    assert "--model.num_identities 4" in said
    assert (tmp_path / "out/hall-3/t0003-f000003").is_dir()
    found = counts(Folder(tmp_path / "out", tmp_path / "out/tracklets.csv"))
    assert found["queries_valid"] == 4
    assert found["query_persons"] == 4


def test_nobody_to_find_is_said(film: Film, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = film("door", {1: range(8), 2: range(8)})
    boxes = video.with_suffix(".txt")
    assert main(["cut", "--video", str(video), "--boxes", str(boxes), "--output", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "nobody has two tracklets that may match" in said
    assert "next:" not in said


def test_two_videos_of_one_camera(film: Film, tmp_path: Path) -> None:
    videos = [film("one", {1: ALL}), film("two", {1: ALL})]
    told = cut(videos, [video.with_suffix(".txt") for video in videos], tmp_path / "out", ["hall", "hall"], OPTIONS)
    assert told["counts"]["cameras"] == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()) == ["hall-v1-1", "hall-v2-1"]
    assert (tmp_path / "out/hall-v2-1/v2-t0001-f000001").is_dir()


def test_the_sides_are_drawn_by_the_seed(two: list[Path], tmp_path: Path) -> None:
    boxes = with_identities(two)
    tables = []
    for number, seed in enumerate((0, 0, 1, 2, 3)):
        cut(two, boxes, tmp_path / f"{number}", options=OPTIONS._replace(division=Division(0.25, "all", seed)))
        tables.append((tmp_path / f"{number}/tracklets.csv").read_text())
    assert tables[0] == tables[1]
    assert len(set(tables)) > 1
    lines = tables[0].splitlines()
    asked = [line for line in lines if line.endswith("query")]
    assert len({line.split(",")[1] for line in asked}) == 1
    assert len(asked) == sum(line.endswith("gallery") for line in lines)


def interrupted(after: int) -> Callable[..., Iterator[tuple[int, NDArray[np.uint8]]]]:
    """Frames until somebody kills it; the count goes on from one video to the next."""
    left = after

    def frames(video: Path, wanted: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        nonlocal left
        for item in frames_of(video, wanted):
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            yield item

    return frames


@pytest.mark.parametrize("after", [0, 7, 15, 30])
def test_a_resumed_run_equals_the_uninterrupted_one(
    two: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    boxes = with_identities(two)
    cut(two, boxes, tmp_path / "whole", options=OPTIONS)
    monkeypatch.setattr(writing, "frames_of", interrupted(after))
    with pytest.raises(KeyboardInterrupt):
        cut(two, boxes, tmp_path / "out", options=OPTIONS)
    assert not (tmp_path / "out").exists()
    begun = tmp_path / "out.unfinished"
    there = {path: path.stat().st_mtime_ns for path in begun.glob("p*/*/*/*.jpg")}
    assert bool(there) == (after > 6)
    decoded: list[Path] = []

    def noted(video: Path, wanted: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        decoded.append(video)
        return frames_of(video, wanted)

    monkeypatch.setattr(writing, "frames_of", noted)
    said: list[str] = []
    cut(two, boxes, tmp_path / "out", options=OPTIONS, say=said.append)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    for path, time in there.items():
        assert (tmp_path / "out" / path.relative_to(begun)).stat().st_mtime_ns == time, "cut twice"
    assert decoded == (two[1:] if after == 30 else two), "a finished video is not decoded again"
    assert ("from an earlier run" in said[0]) == (after > 6)
    assert not begun.exists()


def test_what_was_begun_otherwise_is_not_gone_on_with(
    two: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = with_identities(two)
    monkeypatch.setattr(writing, "frames_of", interrupted(7))
    with pytest.raises(KeyboardInterrupt):
        cut(two, boxes, tmp_path / "out", options=OPTIONS)
    with pytest.raises(InputError, match=r"out\.unfinished was begun with other options, boxes or videos; remove it"):
        cut(two, boxes, tmp_path / "out", options=OPTIONS._replace(lengths=Lengths(min_length=7, max_length=12)))
    (tmp_path / "mine.unfinished").mkdir()
    (tmp_path / "mine.unfinished/letter.txt").touch()
    with pytest.raises(InputError, match=r"mine\.unfinished exists and is nothing of ours"):
        cut(two, boxes, tmp_path / "mine", options=OPTIONS)
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="there exists; remove it or choose another name"):
        cut(two, boxes, tmp_path / "there", options=OPTIONS)


def test_one_picture_is_in_memory_at_a_time(two: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: list[weakref.ref[NDArray[np.uint8]]] = []
    most = 0

    def watched(video: Path, wanted: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        nonlocal most
        for number, picture in frames_of(video, wanted):
            pictures.append(weakref.ref(picture))
            most = max(most, sum(seen() is not None for seen in pictures))
            yield number, picture

    monkeypatch.setattr(writing, "frames_of", watched)
    cut(two, with_identities(two), tmp_path / "out", options=OPTIONS)
    assert len(pictures) == 2 * FRAMES
    assert 1 <= most <= 2, "the one being cut, and the one before it until the loop lets go"


def test_the_steps_between_are_not_converted(two: list[Path]) -> None:
    assert [number for number, _ in frames_of(two[0], np.array([0, 5, 23]))] == [0, 5, 23]


def test_a_video_that_ends_too_early_is_said(two: list[Path]) -> None:
    with pytest.raises(InputError, match=r"door.mp4: has 24 frames, but there are boxes up to frame 31"):
        list(frames_of(two[0], np.array([3, 30])))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--video", "absent.mp4"], "absent.mp4: no such file; expected a video"),
        (["--min_height", "61"], r"none of 62 boxes is left \(62 smaller than 16x61 pixels"),
        (["--min_hight", "61"], "min_hight"),
        (["--query", "some"], "some"),
        (["--test_share", "0"], "--test_share 0: expected a share above 0"),
        (["--first_frame", "-30"], "line 61: a box in frame 55, but .*door.mp4 has 24 frames"),
    ],
)
def test_a_mistake_is_one_line(
    film: Film, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    video = film("door", PEOPLE)
    words = ["--video", str(video), "--boxes", str(video.with_suffix(".txt")), "--output", str(tmp_path / "out")]
    assert main(["cut", *words, *more]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert re.search(message, said), said
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.unfinished").exists()
