"""Every clip of a folder explained."""

import time
from dataclasses import replace
from pathlib import Path

from explain.command.inquiry import Subject
from explain.command.layers import require_layers
from explain.command.likeliest import as_facts, called, likeliest_of
from explain.command.of_class import ClassAsked, about_class, chosen_class
from explain.command.publish import Keep
from explain.command.run import facts_of, figures_in_lines
from explain.command.samples import Sample, find_samples
from explain.command.tally import Tally
from explain.command.tree import Tree
from explain.command.workbench import Tools, Workbench, at_work
from explain.report.content import Question
from explain.sinks.folder import Facts
from reid.classifier import VideoClassifier
from reid.errors import InputError


def explain_videos(
    folder: Path, frames: int | None, asked: ClassAsked, tools: Tools[VideoClassifier], keep: Keep
) -> None:
    """Explain every clip of a folder; one that cannot be explained is named at the end, and does not stop the others.

    Args:
        folder: of videos and of folders with frames, see `explain.command.samples`.
        frames: T, sampled evenly; None is what the model is used to.
        asked: which score of which class.
        tools: what to work with.
        keep: where to, see `explain.command.tree`.

    Raises:
        InputError: the folder or the model cannot be read, or results not be written; and, when all others are done,
            if a clip could not be explained.
    """
    started = time.perf_counter()
    tree, tally = Tree(keep, tools.origin.name), Tally()
    with at_work(tools) as bench:
        classes = called(bench.loaded.classes)
        chosen_class(bench.loaded.classes, asked)  # a misspelt one is no fault of the clips
        samples = find_samples(folder, classes)
        tally.labels = {sample.name: classes[sample.label] for sample in samples if sample.label is not None}
        for number, sample in enumerate(samples, 1):
            bench.reporter.say(f"clip {number} of {len(samples)}, {sample.name}")
            try:
                subject, question = _explained(bench, tree, sample, frames, asked)
            except InputError as error:
                tally.broken[sample.name] = str(error)
                continue
            tally.said[sample.name] = likeliest_of(bench.loaded, subject)
            tree.note({**bench.facts, **tally.result})  # first: it makes the folder one that can be gone on with
            if question is not None:
                tally.figures += figures_in_lines(question)
                _write(bench, tree, sample, subject, question)
        if tally.said:
            tree.note({**bench.facts, **tally.result})
    _tell(bench, tally, f"{len(samples)} clips, {time.perf_counter() - started:.1f} s: {keep.output}")


def _explained(
    bench: Workbench[VideoClassifier], tree: Tree, sample: Sample, frames: int | None, asked: ClassAsked
) -> tuple[Subject, Question | None]:
    """Read a clip, and explain it by the methods by which it is not explained yet, if there are any."""
    subject = bench.read(sample.source, frames)
    require_layers(bench.model, subject.pixels, bench.tools.settings.layers)
    inquiry = about_class(bench.loaded, subject, asked)
    choices: Facts = {**bench.choices, **facts_of(sample.source, subject), "target": inquiry.caption}
    methods = bench.methods_for(subject)
    missing = {name: method for name, method in methods.items() if not tree.holds(name, sample, choices)}
    for name in methods.keys() - missing.keys():
        tree.show(name, sample)  # an interrupted command may have left it out
    return subject, bench.answer(inquiry, missing) if missing else None


def _write(bench: Workbench[VideoClassifier], tree: Tree, sample: Sample, subject: Subject, question: Question) -> None:
    """Each map has a folder of its own."""
    predictions = likeliest_of(bench.loaded, subject)
    facts: Facts = {**facts_of(sample.source, subject), **bench.facts, **as_facts(predictions)}
    panel = question.panels[0]
    for heatmap in panel.maps:
        tree.write(heatmap.method, sample, replace(question, panels=(replace(panel, maps=(heatmap,)),)), facts)


def _tell(bench: Workbench[VideoClassifier], tally: Tally, done: str) -> None:
    """Print what was done, and end with what was not."""
    for line in (*bench.left_out.lines(), *tally.lines, done):
        print(line)  # noqa: T201 - the command's output
    if tally.broken:
        raise InputError(f"{len(tally.broken)} clips could not be explained: {', '.join(tally.broken)}")
