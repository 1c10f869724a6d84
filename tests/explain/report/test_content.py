"""What cannot be shown is refused where it is made."""

import numpy as np
import pytest
import torch

from explain.report import Heatmap, Panel, Question, Ranking, Report
from tests.explain.report.pages import grey, panel, small_report


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_map_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"gradcam: .*NaN or infinite"):
        Heatmap("gradcam", torch.full((1, 2, 2), value))


@pytest.mark.parametrize("shape", [(2, 2), (1, 2, 2, 2), (0, 2, 2)])
def test_a_map_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected a map \[t,h,w\]"):
        Heatmap("gradcam", torch.ones(shape))


@pytest.mark.parametrize("frames", [grey()[0], grey().astype(np.float32), grey()[..., :1], grey(0)])
def test_what_is_no_clip_of_bytes_is_refused(frames: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected frames \[T,H,W,3\] of uint8"):
        Panel("query", frames)


@pytest.mark.parametrize("count", [0, 4])
def test_a_question_has_one_to_three_tracklets(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 3 panels"):
        Question("why?", "", 0.0, (panel(),) * count)


def test_an_empty_report_is_refused() -> None:
    with pytest.raises(ValueError, match="a question or a ranking"):
        Report("nothing")
    assert Report("a ranking alone", ranking=Ranking(panel(), ())).panels


def test_a_report_knows_all_its_tracklets() -> None:
    titles = ["query", "query", "B", "query", "B", "C", "query", "person 1", "person 2", "person 3"]
    assert [each.title for each in small_report().panels] == titles
