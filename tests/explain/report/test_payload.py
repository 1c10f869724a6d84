"""All that was asked stands in the page, and each clip once."""

from typing import Any

from explain.report.payload import payload, text
from tests.explain.report.pages import small_report


def found() -> Any:
    return payload(small_report())


def test_questions_keep_their_order_score_and_sides() -> None:
    questions = found()["questions"]
    assert [question["title"] for question in questions] == ["Why class 7?", "Why do they match?", "Why B and not C?"]
    assert [question["score"] for question in questions] == ["7.25", "0.8125", "-0.125"]
    sides = [[side["title"] for side in question["panels"]] for question in questions]
    assert sides == [["query"], ["query", "B"], ["query", "B", "C"]]


def test_every_method_comes_with_its_maps() -> None:
    sides = [side for question in found()["questions"] for side in question["panels"]]
    assert all([each["method"] for each in side["maps"]] == ["originalcam", "gradcam"] for side in sides)


def test_the_ranking_comes_with_distances_and_verdicts() -> None:
    items = [(item["distance"], item["verdict"]) for item in found()["ranking"]["items"]]
    assert items == [("0.1", "right"), ("0.2", "wrong"), ("0.3", "junk")]


def test_clips_with_the_same_pixels_are_kept_once() -> None:
    clips, sides = found()["clips"], [side for question in found()["questions"] for side in question["panels"]]
    assert [len(clip["frames"]) for clip in clips] == [4, 3]  # all the grey ones are equal
    assert [side["clip"] for side in sides] == [0, 0, 0, 0, 0, 1]


def test_facts_are_written_for_people() -> None:
    expected = [["model", "ResNetTA"], ["checkpoint", "last.ckpt"], ["sha256", "0123456789ab"], ["frames", "4"]]
    assert found()["facts"] == [*expected, ["finer", "no"]]
    assert (text(1e-7), text(float("-inf")), text(1234567)) == ("1e-07", "-inf", "1234567")
