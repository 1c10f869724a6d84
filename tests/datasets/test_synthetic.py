"""The synthetic benchmark: written once, read as MARS, the same bytes every time."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import datasets.synthetic
from datasets.counts import counts
from datasets.drawing import store
from datasets.drawing.plan import Plan
from datasets.synthetic import Synthetic, mask_path
from reid.errors import InputError
from reid.types import Tracklet

SMALL: dict[str, Any] = {
    "train_persons": 4, "test_persons": 4, "cameras": 2, "frames": (4, 6), "distractors": 2, "junk": 5,
    "height": 64, "width": 32,
}  # fmt: skip


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return Synthetic(tmp_path_factory.mktemp("data") / "synthetic", **SMALL)


def test_what_is_read_is_what_was_planned(drawn: Synthetic) -> None:
    found = counts(drawn)
    assert drawn.expected == {name: found[name] for name in drawn.expected}
    assert (found["train_tracklets"], found["query_tracklets"], found["gallery_tracklets"]) == (16, 8, 18)
    assert (found["queries_valid"], found["positives"]) == (8, 16)
    assert list(drawn.inspect()) == []


def test_queries_leave_the_gallery_on_request(drawn: Synthetic) -> None:
    benchmark = Synthetic(drawn.folder, "no_query", **SMALL)
    assert len(benchmark.gallery) == 10
    assert benchmark.expected == {name: counts(benchmark)[name] for name in benchmark.expected}
    assert benchmark.protocol != drawn.protocol


def test_frames_and_masks_have_the_asked_size(drawn: Synthetic) -> None:
    for tracklet in [*drawn.train, *drawn.gallery, *drawn.junk]:
        for frame in tracklet.frames:
            picture, mask = cv2.imread(str(frame)), cv2.imread(str(mask_path(frame)), cv2.IMREAD_UNCHANGED)
            assert picture is not None
            assert mask is not None
            assert picture.shape == (64, 32, 3)
            assert mask.shape == (64, 32)
            assert mask.max() <= (2 if tracklet.person > 0 else 1)


def test_every_person_is_marked_somewhere(drawn: Synthetic) -> None:
    marked = {tracklet.person for tracklet in [*drawn.train, *drawn.gallery] if (masks(tracklet) == 2).any()}
    assert marked == {1, 2, 3, 4, 5, 6, 7, 8}


def masks(tracklet: Tracklet) -> np.ndarray:
    return np.stack([np.asarray(cv2.imread(str(mask_path(frame)), cv2.IMREAD_GRAYSCALE)) for frame in tracklet.frames])


def test_lookalikes_are_known(drawn: Synthetic) -> None:
    assert [drawn.lookalikes(person) for person in (1, 2, 8)] == [(2,), (1,), (7,)]


def test_the_same_parameters_write_the_same_bytes(drawn: Synthetic, tmp_path: Path) -> None:
    again = Synthetic(tmp_path / "again", **SMALL)
    assert files(again.folder) == files(drawn.folder)


def test_another_seed_writes_other_pictures(drawn: Synthetic, tmp_path: Path) -> None:
    first = Path("bbox_train/0001/0001C1T0001F001.jpg")
    other = Synthetic(tmp_path / "other", seed=1, **SMALL)
    assert (other.folder / first).read_bytes() != (drawn.folder / first).read_bytes()


def test_what_is_there_is_not_drawn_again(drawn: Synthetic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.synthetic, "write", lambda *_: pytest.fail("drew again"))
    assert [tracklet.name for tracklet in Synthetic(drawn.folder, **SMALL).train] == [t.name for t in drawn.train]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"seed": 3}, "was drawn with seed 0 instead of 3: give another root"), ({"frames": (4, 7)}, r"frames \[4, 6\]")],
)
def test_other_parameters_need_another_root(drawn: Synthetic, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Synthetic(drawn.folder, **{**SMALL, **change})


@pytest.mark.parametrize("content", [None, "no json", "[1]"])
def test_foreign_folders_are_left_alone(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    if content:
        (tmp_path / "synthetic.json").write_text(content)
    before = files(tmp_path)
    with pytest.raises(InputError, match="holds no synthetic benchmark"):
        Synthetic(tmp_path, **SMALL)
    assert files(tmp_path) == before


def test_a_file_in_the_place_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("precious")
    with pytest.raises(InputError, match="holds no synthetic benchmark"):
        Synthetic(tmp_path / "root", **SMALL)
    with pytest.raises(InputError, match="cannot be written"):
        Synthetic(tmp_path / "root" / "below", **SMALL)


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    assert len(Synthetic(tmp_path, **SMALL).train) == 16


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_plan: Plan, folder: Path) -> None:
        folder.mkdir()
        (folder / "half").write_text("written")
        raise KeyboardInterrupt

    monkeypatch.setattr(datasets.synthetic, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Synthetic(tmp_path / "deep" / "root", **SMALL)
    assert list((tmp_path / "deep").iterdir()) == []


def test_two_processes_may_draw_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    barrier = threading.Barrier(2, timeout=20)

    def together(plan: Plan, folder: Path) -> None:
        store.write(plan, folder)
        barrier.wait()

    monkeypatch.setattr(datasets.synthetic, "write", together)
    found: list[int] = []

    def draw() -> None:
        found.append(len(Synthetic(tmp_path / "root", **SMALL).train))

    threads = [threading.Thread(target=draw) for _ in range(2)]
    run: Callable[[threading.Thread], None]
    for run in (threading.Thread.start, threading.Thread.join):
        for thread in threads:
            run(thread)
    assert found == [16, 16]
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def histogram(tracklet: Tracklet) -> np.ndarray:
    """Hue, saturation and value of six stripes, of the middle third that holds the person."""
    total = np.zeros(6 * 32)
    for frame in tracklet.frames[::4]:
        picture = np.asarray(cv2.cvtColor(np.asarray(cv2.imread(str(frame))), cv2.COLOR_BGR2HSV))[:, 20:44]
        total += np.concatenate(
            [
                np.histogram(stripe[..., channel], bins, (0, top))[0]
                for stripe in np.array_split(picture, 6)
                for channel, (top, bins) in enumerate(((180, 16), (256, 8), (256, 8)))
            ]
        )
    normalised: np.ndarray = np.sqrt(total / total.sum())
    return normalised


def mean_average_precision(benchmark: Synthetic, similarity: np.ndarray) -> float:
    person = np.array([tracklet.person for tracklet in benchmark.gallery])
    camera = np.array([tracklet.camera for tracklet in benchmark.gallery])
    found = []
    for query, row in zip(benchmark.query, similarity, strict=True):
        valid = (person != query.person) | (camera != query.camera)
        hits = (person[valid] == query.person)[np.argsort(-row[valid], kind="stable")]
        ranks = np.flatnonzero(hits) + 1
        found.append(np.mean(np.arange(1, len(ranks) + 1) / ranks))
    return float(np.mean(found))


@pytest.mark.slow
def test_colours_help_and_do_not_suffice(tmp_path: Path) -> None:
    benchmark = Synthetic(tmp_path / "root")
    gallery = np.stack([histogram(tracklet) for tracklet in benchmark.gallery])
    query = np.stack([histogram(tracklet) for tracklet in benchmark.query])
    chance = np.random.default_rng(0).random((len(query), len(gallery)))
    assert mean_average_precision(benchmark, chance) < 0.1
    assert 0.25 < mean_average_precision(benchmark, query @ gallery.T) < 0.6
