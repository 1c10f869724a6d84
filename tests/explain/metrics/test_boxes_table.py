"""The table of classes."""

import csv
import math

import pytest

from explain.metrics.boxes_table import comma_separated, markdown, shares

CLASSES = ["aeroplane", "a, b"]
FRAMES = [84, 27]
ROWS = {"TCAM, threshold of val": [76, 19], "mean box": [21, 0]}


def test_every_row_has_a_cell_for_each_class_and_both_means() -> None:
    head, rule, *rows = markdown(CLASSES, FRAMES, ROWS).splitlines()
    assert head == "| CorLoc % | aeroplane | a, b | macro | micro |"
    assert {line.count("|") for line in (head, rule, *rows)} == {6}
    assert rows[0] == "| TCAM, threshold of val | 90.5 | 70.4 | 80.4 | 85.6 |"
    assert rows[-1] == "| frames | 84 | 27 |  | 111 |"


def test_the_file_holds_the_counts() -> None:
    lines = list(csv.DictReader(comma_separated(CLASSES, FRAMES, ROWS).splitlines()))
    assert len(lines) == 8
    assert lines[1]["class"] == "a, b"
    assert (lines[1]["boxes"], lines[1]["correct"], lines[1]["frames"]) == ("TCAM, threshold of val", "19", "27")
    assert float(lines[2]["corloc"]) == pytest.approx(shares([76, 19], FRAMES)[2])
    assert [line["class"] for line in lines[2:4]] == ["macro", "micro"]


def test_a_class_without_frames_does_not_count() -> None:
    first, second, macro, micro = shares([5, 0], [10, 0])
    assert (first, macro, micro) == (50.0, 50.0, 50.0)
    assert math.isnan(second)
