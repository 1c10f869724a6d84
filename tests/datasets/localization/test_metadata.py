"""The four-file format: what it says, and one line for each way to write it wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from datasets.localization.boxes import Boxes
from datasets.localization.folds import write_folds
from datasets.localization.metadata import Entry, read_classes, read_split
from reid.errors import InputError

FRAME = "dog/data/0009/shots/102/frame0001.jpg"
OTHER = "dog/data/0009/shots/102/frame0003.jpg"


def write(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, newline="")
    return folder


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_corners_are_x0_y0_x1_y1_and_an_id_may_have_several_boxes(
    tmp_path: Path, texts: dict[str, str], ending: str
) -> None:
    folds = write(tmp_path, {name: text.replace("\n", ending) for name, text in texts.items()})
    assert read_classes(folds / "class_id.yaml") == ["cat", "dog"]
    first, second = read_split(folds / "test", classes=2)
    assert first == Entry(FRAME, 1, Boxes(((8.7, 10.1, 38.4, 20.7), (0, 0, 45, 36)), (45, 36)))
    assert second == Entry(OTHER, 1, Boxes(((1, 2, 3, 4),), (45, 36)))


def test_a_null_box_means_unknown(tmp_path: Path, texts: dict[str, str]) -> None:
    (entry,) = read_split(write(tmp_path, texts) / "val", classes=2)
    assert entry.boxes is None


@pytest.mark.parametrize("absent", [False, True])
def test_training_has_no_boxes(tmp_path: Path, texts: dict[str, str], absent: bool) -> None:
    folds = write(tmp_path, texts)
    if absent:
        (folds / "train/localization.txt").unlink()
        (folds / "train/image_sizes.txt").unlink()
    assert read_split(folds / "train", classes=2) == [Entry("cat/data/0013/shots/330", 0, None)]


@pytest.mark.parametrize(
    ("file", "edit", "message"),
    [
        ("image_ids.txt", lambda text: text + text, r"image_ids.txt line 3: .*0001.jpg is listed twice"),
        ("image_ids.txt", lambda text: "../" + text, r"image_ids.txt line 1: '../dog.*' found, expected <id>"),
        ("image_ids.txt", lambda text: text + "a.jpg\n", r"class_labels.txt: a.jpg of image_ids.txt has no line"),
        ("image_ids.txt", lambda text: text.split()[0], r"class_labels.txt: .*0003.jpg is not in image_ids.txt"),
        ("class_labels.txt", lambda text: text.replace(",1", ",2"), r"line 1: .*,2' found, expected <id>,<0..1>"),
        ("class_labels.txt", lambda text: text.replace(",1", ""), r"line 1: .*jpg' found, expected <id>,<0..1>"),
        ("class_labels.txt", lambda text: text.replace(",1", ",dog"), r"line 1: .*,dog' found, expected"),
        ("image_sizes.txt", lambda text: text.replace("45", "0"), r"line 1: .*0,36' found, expected <id>,<width>"),
        ("localization.txt", lambda text: text + f"\n{OTHER},1,2,3\n", r"line 5: .*1,2,3' found, expected <id>,<x0>"),
        ("localization.txt", lambda text: text.replace("8.7", "x"), r"line 1: box x,10.1,38.4,20.7, expected <x0>"),
        (
            "localization.txt",
            lambda text: text.replace("38.4", "8.4"),
            r"line 1: .* x0 < x1 and y0 < y1 that begins",
        ),
        ("localization.txt", lambda text: text.replace("8.7,10.1,38.4", "45,10.1,46"), r"begins inside of 45 x 36 pix"),
        ("localization.txt", lambda text: text.replace("8.7", "nan"), r"line 1: box nan,"),
        ("localization.txt", lambda text: text + "b.jpg,1,1,2,2", r"localization.txt: b.jpg is not in image_ids.txt"),
    ],
)
def test_mistakes_are_named_by_file_and_line(
    tmp_path: Path, texts: dict[str, str], file: str, edit: Callable[[str], str], message: str
) -> None:
    folds = write(tmp_path, texts)
    (folds / "test" / file).write_text(edit(texts[f"test/{file}"]))
    with pytest.raises(InputError, match=message) as raised:
        read_split(folds / "test", classes=2)
    assert "\n" not in str(raised.value)


def test_files_that_cannot_be_read(tmp_path: Path, texts: dict[str, str]) -> None:
    folds = write(tmp_path, texts)
    (folds / "test/class_labels.txt").unlink()
    with pytest.raises(InputError, match=r"class_labels.txt: no such file"):
        read_split(folds / "test", classes=2)
    (folds / "test/class_labels.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"class_labels.txt: not a readable text file"):
        read_split(folds / "test", classes=2)


@pytest.mark.parametrize(
    "text", ["{cat: 0, dog: 2}", "[cat, dog]", "{cat: 0, dog: 0}", "{cat: true, dog: 0}", "{cat: "]
)
def test_classes_are_numbered_from_0(tmp_path: Path, text: str) -> None:
    (tmp_path / "class_id.yaml").write_text(text)
    with pytest.raises(InputError, match=r"class_id.yaml"):
        read_classes(tmp_path / "class_id.yaml")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    exact = Boxes(((87.07894736842107, 1.0, 100.5, 36.0), (1.0, 2.0, 3.0, 4.0)), (450, 360))
    folds = {
        "train": [Entry("b/1/2", 1, None), Entry("a/3", 0, None)],
        "val": [],
        "test": [Entry("b/2/9.jpg", 1, exact)],
    }
    write_folds(tmp_path / "folds", folds, ["a", "b"])
    assert read_classes(tmp_path / "folds/class_id.yaml") == ["a", "b"]
    assert {split: read_split(tmp_path / "folds" / split, 2) for split in folds} == folds


def test_a_box_may_end_beyond_its_frame(tmp_path: Path, texts: dict[str, str]) -> None:
    wide = texts["test/localization.txt"].replace("38.4", "46.5")
    entry = read_split(write(tmp_path, texts | {"test/localization.txt": wide}) / "test", classes=2)[0]
    assert entry.boxes is not None
    assert entry.boxes.corners[0] == (8.7, 10.1, 46.5, 20.7)
