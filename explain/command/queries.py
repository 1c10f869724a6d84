"""Explanations of a benchmark's queries: one by name, or those that the model gets most wrong."""

import time
from dataclasses import dataclass
from pathlib import Path

from explain.command.gallery import Gallery, held_out
from explain.command.inquiry import Inquiry, about_contrast, about_pair, similar
from explain.command.publish import Keep, publish
from explain.command.run import tell
from explain.command.workbench import Tools, Workbench, workbench
from explain.report.content import RankedItem, Ranking
from reid.errors import InputError
from reid.model import ReIDModel


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which queries of a benchmark are explained.

    Attributes:
        config: the training config, whose `data` are the benchmark.
        root: folder of the benchmark; None takes the one that the config names.
        frames: T of the clip that stands for a tracklet; None samples as the config says.
        query: name of a test tracklet.
        mistakes: number of the worst mistakes, where no query is named.
        top: length of the ranked list of a query.
    """

    config: Path
    root: Path | None = None
    frames: int | None = None
    query: str | None = None
    mistakes: int = 0
    top: int = 6


def explain_queries(wanted: Wanted, tools: Tools[ReIDModel], keep: Keep) -> None:
    """Explain queries against the gallery of their benchmark, and write the result into a folder.

    Raises:
        InputError: the benchmark or the model cannot be read, there is no such query or mistake, or the folder cannot
            be written.
    """
    started = time.perf_counter()
    with workbench(tools, keep) as bench:
        side = held_out(bench, wanted.config, wanted.root, wanted.frames)
        if wanted.query is not None:
            side.find(wanted.query)  # before the gallery is embedded
        gallery = Gallery(bench.model, side, bench.reporter)
        chosen = gallery.mistakes(wanted.mistakes) if wanted.query is None else [side.find(wanted.query)]
        if not chosen:
            raise InputError(f"--mistakes {wanted.mistakes}: the first match of every query is right; name a --query")
        questions = [bench.answer(_inquiry(gallery, tracklet)) for tracklet in chosen]
        ranking = _ranking(bench, gallery, chosen[0], wanted.top) if wanted.query is not None else None
        title = (
            f"query {wanted.query}"
            if wanted.query
            else f"the worst mistakes, {len(chosen)} of {wanted.mistakes} asked for"
        )
        bench.reporter.say(f"writing {keep.output}")
        publish(keep, title, questions, {**bench.facts, **gallery.facts}, ranking)
    tell(bench, questions, time.perf_counter() - started, keep)


def _inquiry(gallery: Gallery, tracklet: int) -> Inquiry:
    """Why is its first match first, and not the best one of the other kind (the true match of a mistake)?"""
    subject, matches = gallery.subject(tracklet), gallery.matches(tracklet)
    if not matches:
        raise InputError(f"--query {subject.name}: the gallery holds nobody to compare it with")
    first = matches[0]
    rival = next((match for match in matches if match.right != first.right), None)
    other = gallery.subject(first.tracklet)
    if rival is None:
        return about_pair(subject, other, gallery.model.distance)
    return about_contrast(subject, other, gallery.subject(rival.tracklet), gallery.model.distance)


def _ranking(bench: Workbench[ReIDModel], gallery: Gallery, tracklet: int, top: int) -> Ranking:
    """The first places of a query's ranking, each with what it shares with the query."""
    subject, matches = gallery.subject(tracklet), gallery.matches(tracklet)[:top]
    others = [gallery.subject(match.tracklet) for match in matches]
    query = bench.panel(similar("query", subject, others[0], bench.model.distance))
    items = (
        RankedItem(
            bench.panel(similar("gallery", other, subject, bench.model.distance)),
            match.distance,
            "right" if match.right else "wrong",
        )
        for match, other in zip(matches, others, strict=True)
    )
    return Ranking(query, tuple(items), f"{gallery.evaluation.benchmark}, {bench.model.distance} distance")
