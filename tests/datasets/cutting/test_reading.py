"""Files of boxes: what is read, and what is said about a line that cannot be."""

from pathlib import Path

import numpy as np
import pytest

from datasets.cutting.boxes import NOBODY
from datasets.cutting.motchallenge import NO_PEDESTRIAN, NOT_CONSIDERED
from datasets.cutting.reading import read_boxes
from reid.errors import InputError


def written(folder: Path, *lines: str) -> Path:
    path = folder / "boxes.txt"
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    return path


@pytest.mark.parametrize(
    "lines",
    [
        ["1,7,10,20,30,40,0.5,-1,-1,-1", "2,7,11,20,30,40,1,-1,-1,-1"],
        ["1,7,10,20,30,40", "", "2,7,11,20,30,40"],
        ["1 7 10 20  30 40", "2 7 11 20 30 40"],
        ["1.000e+00, 7, 10.0, 20, 30, 40, 1", "2.000e+00, 7, 11, 20, 30, 40, 1"],
        ["1,7,10,20,30,40,0.5,-1,-1", "2,7,11,20,30,40,0.5,-1,-1"],
        ["frame,id,left,top,width,height", "1,7,10,20,30,40", "2,7,11,20,30,40"],
        ["Track_ID;Frame;X1;Y1;X2;Y2;else", "7;1;10;20;40;60;a", "7;2;11;20;41;60;"],
        ["frame\ttrack\tleft\ttop\tx2\theight", '1\t7\t10\t20\t"40"\t40', "2\t7\t11\t20\t41\t40"],
    ],
)
def test_every_kind_of_file_says_the_same(tmp_path: Path, lines: list[str]) -> None:
    boxes = read_boxes(written(tmp_path, *lines))
    assert boxes.frame.tolist() == [0, 1]
    assert boxes.track.tolist() == [7, 7]
    assert boxes.corners.tolist() == [[10, 20, 40, 60], [11, 20, 41, 60]]
    assert boxes.people == ()
    assert boxes.cameras == ("",)
    assert np.isnan(boxes.visibility).all()


def test_an_annotation_of_the_motchallenge_says_what_is_to_be_considered(tmp_path: Path) -> None:
    lines = ["1,1,0,0,9,9,1,1,0.25", "1,2,0,0,9,9,0,1,1", "1,3,0,0,9,9,1,7,1", "1,4,0,0,9,9,0,8,1"]
    boxes = read_boxes(written(tmp_path, *lines))
    assert boxes.track.tolist() == [1]
    assert boxes.visibility.tolist() == [0.25]
    assert np.isnan(boxes.confidence).all(), "a flag is no confidence"
    assert boxes.ignored == {NOT_CONSIDERED: 2, NO_PEDESTRIAN: 1}


def test_columns_for_persons_cameras_and_visibility(tmp_path: Path) -> None:
    header = "frame,id,left,top,width,height,person,camera,visibility,score"
    boxes = read_boxes(written(tmp_path, header, "0,7,1,2,3,4,ann,door,1,.5", "1,7,1,2,3,4,,hall,0,1"), first_frame=0)
    assert boxes.frame.tolist() == [0, 1]
    assert boxes.people == ("ann",)
    assert boxes.person.tolist() == [0, NOBODY]
    assert [boxes.cameras[camera] for camera in boxes.camera] == ["door", "hall"]
    assert boxes.visibility.tolist() == [1, 0]
    assert boxes.line.tolist() == [2, 3]


HEADER = "frame,id,left,top,width,height"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "holds no box"),
        ([HEADER], "holds no box"),
        (["1,7,10,20,30,40", "1,7,10"], "boxes.txt line 2: 3 columns, expected frame, id, left"),
        (["1,7,10,20,30,40", "", "2,7,ten,20,30,40"], "line 3: left is 'ten', expected a number"),
        (["1,7,10,20,nan,40"], "line 1: width is 'nan', expected a number"),
        (["1.5,7,10,20,30,40"], "line 1: frame is '1.5', expected a whole number"),
        (["1,-1,10,20,30,40"], "line 1: track -1, expected 0 or more; negative ones are detections"),
        (["0,7,10,20,30,40"], "line 1: frame 0, expected 1 or more; does the file count from 0?.*--first_frame 0"),
        (["1,7,10,20,30,40,1,1,1.5"], "line 1: visibility is '1.5', expected a share from 0 to 1"),
        (["frame,id,x,y,w,h"], r"line 1: no column left, top; expected .*the first line names frame, id, x, y, w, h"),
        (["frame,left,top,x2,height"], "line 1: no column track"),
        (["frame,id,left,top,height"], r"no column right \(or width\)"),
        (["frame,id,track,left,top,x2,y2"], "several columns for track: id, track"),
        ([HEADER, "1,7,10,20,30"], "line 2: 5 columns, expected the 6 of the first line"),
        ([HEADER + ",person", "1,7,1,2,3,4,a/b"], "line 2: identity is 'a/b', which cannot be the name of a folder"),
        ([HEADER + ",person", "1,7,1,2,3,4,query"], "line 2: identity is 'query', which names a side"),
        ([HEADER + ",camera", "1,7,1,2,3,4,"], "line 2: camera is empty"),
    ],
)
def test_what_is_malformed_is_named(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_boxes(written(tmp_path, *lines))
    assert "\n" not in str(caught.value)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_boxes(tmp_path / "absent.txt")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\0")
    with pytest.raises(InputError, match="not a readable text file"):
        read_boxes(tmp_path / "binary")
