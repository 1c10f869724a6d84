"""A report as plain data, for the page's script."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from explain.report.content import Panel, Question, RankedItem, Ranking, Report
from explain.report.pixels import clip_of, colour_tables, map_of


def payload(report: Report) -> dict[str, object]:
    """Turn a report into what JSON can hold.

    A clip that several panels show, as the query of every question, is kept once.

    >>> import torch
    >>> from explain.report.content import Heatmap
    >>> query = Panel("query", np.zeros((1, 8, 4, 3), np.uint8), (Heatmap("gradcam", torch.ones(1, 2, 1)),))
    >>> questions = (Question("why?", "", 0.5, (query,)), Question("why not?", "", -0.5, (query,)))
    >>> found = payload(Report("toy", {"frames": 1}, questions))
    >>> len(found["clips"]), found["facts"], [question["score"] for question in found["questions"]]
    (1, [['frames', '1']], ['0.5', '-0.5'])
    """
    distinct = {_key(panel.frames): panel.frames for panel in report.panels}
    places = {key: place for place, key in enumerate(distinct)}
    return {
        "title": report.title,
        "facts": [[name, text(value)] for name, value in report.facts.items()],
        "colours": colour_tables(),
        "clips": [clip_of(frames) for frames in distinct.values()],
        "questions": [_question(question, places) for question in report.questions],
        "ranking": _ranking(report.ranking, places) if report.ranking else None,
    }


def text(value: str | float | bool | None) -> str:
    """Write a fact for people to read.

    >>> [text(value) for value in ("MViT", 16, 0.123456789, True, None, float("nan"))]
    ['MViT', '16', '0.1235', 'yes', 'none', 'nan']
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _key(frames: NDArray[np.uint8]) -> tuple[tuple[int, ...], bytes]:
    return frames.shape, hashlib.sha256(frames.tobytes()).digest()


Places = dict[tuple[tuple[int, ...], bytes], int]


def _panel(panel: Panel, places: Places) -> dict[str, object]:
    return {
        "title": panel.title,
        "caption": panel.caption,
        "clip": places[_key(panel.frames)],
        "maps": [map_of(heatmap, panel.frames) for heatmap in panel.maps],
    }


def _question(question: Question, places: Places) -> dict[str, object]:
    return {
        "title": question.title,
        "caption": question.caption,
        "score": text(float(question.score)),
        "panels": [_panel(panel, places) for panel in question.panels],
    }


def _ranking(ranking: Ranking, places: Places) -> dict[str, object]:
    return {
        "caption": ranking.caption,
        "query": _panel(ranking.query, places),
        "items": [_item(item, places) for item in ranking.items],
    }


def _item(item: RankedItem, places: Places) -> dict[str, object]:
    return {"panel": _panel(item.panel, places), "distance": text(float(item.distance)), "verdict": item.verdict}
