"""A user's own data: layouts, numbers, splits, and what is said when it does not fit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from datasets.counts import counts
from datasets.findings import BrokenBenchmarkError
from datasets.folder import Folder, numbers
from reid.errors import InputError

Touch = Callable[..., None]


@pytest.fixture
def touch(tmp_path: Path) -> Touch:
    """Make folders below `tmp_path`, with three frames each."""

    def make(*folders: str) -> None:
        for folder in folders:
            (tmp_path / folder).mkdir(parents=True)
            for frame in (1, 9, 10):
                (tmp_path / folder / f"f{frame}.jpg").touch()

    return make


def write_table(root: Path, *lines: str) -> Path:
    path = root / "table.csv"
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    return path


def test_cameras_and_given_splits(tmp_path: Path, touch: Touch) -> None:
    touch("train/alice/door/a", "train/bob/hall/a", "query/carol/door/a", "gallery/carol/hall/a", "gallery/dan/door/a")
    folder = Folder(tmp_path)
    assert [(item.name, item.person, item.camera) for item in folder.train] == [
        ("train_alice_door_a", 1, 1),
        ("train_bob_hall_a", 2, 2),
    ]
    assert [(item.name, item.person, item.camera) for item in folder.query] == [("query_carol_door_a", 3, 1)]
    assert [(item.person, item.camera) for item in folder.gallery] == [(3, 2), (4, 1)]
    assert folder.query[0].names == ("f1.jpg", "f9.jpg", "f10.jpg")
    assert folder.protocol == "splits as given"
    assert folder.expected == {}


def test_one_tree_is_divided_by_persons(tmp_path: Path, touch: Touch) -> None:
    touch(*(f"{person}/{camera}/{walk}" for person in range(1, 11) for camera in (1, 2) for walk in "ab"))
    folder = Folder(tmp_path, train_share=0.3, seed=1)
    found = counts(folder)
    assert (found["train_persons"], found["query_persons"], found["train_tracklets"]) == (3, 7, 12)
    assert not {item.person for item in folder.train} & {item.person for item in folder.gallery}
    assert [item.name for item in folder.query] == [item.name for item in folder.gallery if item.name.endswith("a")]
    assert all(item in folder.gallery for item in folder.query)
    assert (found["queries_valid"], found["positives"]) == (14, 28)
    assert folder.protocol == "30% of the persons train (seed 1)"
    assert Folder(tmp_path, train_share=0.3, seed=1).train == folder.train
    assert Folder(tmp_path, train_share=0.3, seed=2).train != folder.train


def test_without_cameras_each_tracklet_is_its_own(tmp_path: Path, touch: Touch) -> None:
    touch("7/a", "7/b", "8/a", "8/b", "8/c", "12/a")
    folder = Folder(tmp_path, train_share=0)
    assert [item.person for item in folder.gallery] == [7, 7, 8, 8, 8, 12]
    assert len({item.camera for item in folder.gallery}) == 6
    found = counts(folder)
    assert (found["query_tracklets"], found["excluded_pairs"], found["positives"]) == (6, 6, 2 + 6)
    assert (found["queries_valid"], found["queries_dropped"]) == (5, 1)


def test_distractors_are_ranked_but_not_asked_for(tmp_path: Path, touch: Touch) -> None:
    touch("0/a", "0/b", "8/a", "8/b")
    folder = Folder(tmp_path, train_share=0)
    assert [item.person for item in folder.query] == [8, 8]
    assert counts(folder)["distractors"] == 2


def test_at_least_one_person_is_tested(tmp_path: Path, touch: Touch) -> None:
    touch("1/a", "1/b", "2/a", "2/b")
    assert counts(Folder(tmp_path, train_share=0.99))["query_persons"] == 1


def test_names_are_fit_for_files(tmp_path: Path, touch: Touch) -> None:
    touch("Ann O'Neil/a", "Ann O'Neil/b")
    assert Folder(tmp_path, train_share=0).query[0].name == "Ann-O-Neil_a"


def test_numbers_keeps_numbers_and_orders_names() -> None:
    assert numbers(["p10", "p9", "p10"]) == {"p9": 1, "p10": 2}
    assert numbers(["3", "007"]) == {"3": 3, "007": 7}
    assert numbers(["3", "x"]) == {"3": 1, "x": 2}
    assert numbers([]) == {}


def test_table_with_folders_and_patterns(tmp_path: Path, touch: Touch) -> None:
    touch("walks/one", "flat")
    for name in ("ann_2.jpg", "ann_10.jpg", "ann.txt"):
        (tmp_path / "flat" / name).touch()
    table = write_table(
        tmp_path,
        "person,frames,tracklet,camera,split",
        "ann,walks/one,1,door,query",
        "ann, flat/ann_*.jpg ,2,hall,gallery",
    )
    folder = Folder(tmp_path, table)
    assert [item.names for item in folder.query] == [("f1.jpg", "f9.jpg", "f10.jpg")]
    assert [item.names for item in folder.gallery] == [("ann_2.jpg", "ann_10.jpg")]
    assert folder.gallery[0].folder == tmp_path / "flat"
    assert folder.query[0].name == "query_ann_door_1"


def test_table_without_cameras_and_splits(tmp_path: Path, touch: Touch) -> None:
    touch("a", "b", "c")
    table = write_table(tmp_path, "frames,person,tracklet", "a,1,1", "b,1,2", "c,2,1")
    found = counts(Folder(tmp_path, table, train_share=0))
    assert (found["query_tracklets"], found["queries_valid"], found["excluded_pairs"]) == (3, 2, 3)


def test_a_query_that_is_in_the_gallery_too_never_matches_itself(tmp_path: Path, touch: Touch) -> None:
    touch("a", "b")
    table = write_table(tmp_path, "frames,person,tracklet,split", "a,1,1,query", "a,1,1,gallery", "b,1,2,gallery")
    found = counts(Folder(tmp_path, table))
    assert (found["excluded_pairs"], found["positives"]) == (1, 1)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["frames,persn,tracklet", "a,1,1"], "no column person; the first line names frames, persn, tracklet"),
        ([], "no column frames, person, tracklet; the first line names none"),
        (["frames,person,tracklet"], "1 x nothing to rank: .*table.csv"),
        (["frames,person,tracklet", "a,,1"], r"1 x empty cell: .*table.csv line 2 \(person\)"),
        (["frames,person,tracklet", "a"], r"line 2 \(person, tracklet\)"),
        (["frames,person,tracklet,camera", "a,1,1,1", "b,1,2,"], r"line 3 \(camera\)"),
        (["frames,person,tracklet,split", "a,1,1,test"], r"1 x unknown split: .*line 2 \('test', expected train"),
        (["frames,person,tracklet", "../a,1,1"], r"1 x frames outside the root: .*line 2 \(../a\)"),
        (["frames,person,tracklet", "/a,1,1"], "frames outside the root"),
        (["frames,person,tracklet", "x,1,1", "a/z*.jpg,1,2"], r"2 x no frames: .*line 2 \(x\), .*line 3 \(a/z\*.jpg\)"),
        (["frames,person,tracklet", "a,1,1", "b,1,1"], r"1 x name used twice: 1_1 \(also for .*b; rename one"),
    ],
)
def test_table_that_does_not_fit(tmp_path: Path, touch: Touch, lines: list[str], message: str) -> None:
    touch("a", "b")
    with pytest.raises(InputError, match=message) as caught:
        Folder(tmp_path, write_table(tmp_path, *lines))
    assert "\n" not in str(caught.value)


def test_table_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent.csv: no such file"):
        Folder(tmp_path, tmp_path / "absent.csv")
    (tmp_path / "table.csv").write_bytes(b"\xff\xfe\0")
    with pytest.raises(InputError, match="not a readable CSV file"):
        Folder(tmp_path, tmp_path / "table.csv")


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ([], "1 x nothing to rank: .*expected person/camera/tracklet"),
        (["alice"], r"1 x misplaced frames: .*alice \(frames directly in a person's folder"),
        (["alice/a/b", "bob/a"], "alice/a/b is person/camera/tracklet, but .*bob/a is person/tracklet"),
        (["query/alice/a"], "only query found; expected 'query' and 'gallery'"),
        (["train/alice/a"], "only train found"),
        (["alice/a", "bob/a"], "1 x no match: .*no query has a second tracklet"),
        (["alice/door/a", "alice/door/b", "bob/hall/a", "bob/hall/b"], "each person is under one camera only"),
        (["query/alice/a", "gallery/bob/a"], "1 x no match"),
        (["0/a", "0/b"], "1 x nothing to rank"),
    ],
)
def test_folders_that_do_not_fit(tmp_path: Path, touch: Touch, folders: list[str], message: str) -> None:
    touch(*folders)
    with pytest.raises(InputError, match=message):
        Folder(tmp_path, train_share=0)


def test_all_folders_without_frames_are_named(tmp_path: Path, touch: Touch) -> None:
    touch("alice/a", "alice/b")
    for folder in ("alice/c", "bob", "bob2/a/b"):
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(BrokenBenchmarkError, match="3 x folder without frames") as caught:
        Folder(tmp_path, train_share=0)
    assert len(caught.value.benchmark.gallery) == 2


def test_mistaken_options(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train_share is 1.5"):
        Folder(tmp_path, train_share=1.5)
    with pytest.raises(InputError, match="no such folder"):
        Folder(tmp_path / "absent")
