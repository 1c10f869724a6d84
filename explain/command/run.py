"""One explanation from files to a folder."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from explain.command.drawing import figures_of
from explain.command.inquiry import Inquiry, Subject, about_contrast, about_pair
from explain.command.layers import require_layers
from explain.command.likeliest import as_facts, in_lines, likeliest_of
from explain.command.loaded import AnyModel
from explain.command.of_class import ClassAsked, about_class
from explain.command.publish import Keep, publish
from explain.command.workbench import Tools, Workbench, workbench
from explain.report.content import Question
from explain.sinks.folder import Facts
from reid.errors import InputError
from reid.shell import command
from reid.video import count_frames, even_indices


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about files.

    Attributes:
        source: a video file, a folder of frames, or the common start of their paths.
        against: explain the similarity to this one, instead of a class.
        instead_of: explain why it is like `against`, and not like this one.
        frames: T, sampled evenly; None is what the model is used to.
        of_class: which score of which class, where no similarity is asked for.
    """

    source: Path
    against: Path | None = None
    instead_of: Path | None = None
    frames: int | None = None
    of_class: ClassAsked = field(default_factory=ClassAsked)


def explain_files(asked: Asked, tools: Tools[AnyModel], keep: Keep) -> None:
    """Explain one score of one video or tracklet, and write the result into a folder.

    Whatever can be wrong with the files is found before the model runs; the folder appears when it is whole.

    Raises:
        InputError: a file is missing or broken, the model does not fit it, or the folder cannot be written.
    """
    started = time.perf_counter()
    for path in (asked.source, asked.against, asked.instead_of):
        if path is not None:
            count_frames(path)
    with workbench(tools, keep) as bench:
        subject = bench.read(asked.source, asked.frames)
        require_layers(bench.model, subject.pixels, bench.tools.settings.layers)
        question = bench.answer(_inquiry(bench, subject, asked))
        predictions = likeliest_of(bench.loaded, subject)
        facts: Facts = {**facts_of(asked.source, subject), **bench.facts, **as_facts(predictions)}
        bench.reporter.say(f"writing {keep.output}")
        publish(keep, question.title, [question], facts)
    for line in in_lines(predictions):
        print(line)  # noqa: T201 - the command's output
    tell(bench, [question], time.perf_counter() - started, keep)


def facts_of(source: Path, subject: Subject) -> Facts:
    """Which frames of which file were explained."""
    indices = even_indices(count_frames(source), len(subject.frames))
    return {"source": str(source), "frame_indices": ", ".join(map(str, indices))}


def tell(bench: Workbench[AnyModel], questions: Sequence[Question], seconds: float, keep: Keep) -> None:
    """Print what was done, in a line for each question, and what methods told of their maps."""
    for line in bench.left_out.lines():
        print(line)  # noqa: T201 - the command's output
    for question in questions:
        methods = ", ".join(heatmap.method for heatmap in question.panels[0].maps)
        frames = len(question.panels[0].frames)
        print(f"{methods}: {question.caption}, score {question.score:.3f}, {frames} frames")  # noqa: T201
        for line in figures_in_lines(question):
            print(line)  # noqa: T201
    logged = f", {command('tensorboard', '--logdir', keep.tensorboard)}" if keep.tensorboard else ""
    print(f"{seconds:.1f} s: {keep.output}/report.html{logged}")  # noqa: T201


def figures_in_lines(question: Question) -> list[str]:
    """What methods told of their maps, one line for each side and method that told something."""
    lines = []
    for panel in question.panels:
        for heatmap in panel.maps:
            told = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in figures_of(heatmap).items())
            lines += [f"{heatmap.method}, {panel.title} {panel.caption}: {told}"] if told else []
    return lines


def _inquiry(bench: Workbench[AnyModel], subject: Subject, asked: Asked) -> Inquiry:
    """Read what the clip is compared with, if anything, and put the question."""
    if asked.against is None:
        return about_class(bench.loaded, subject, asked.of_class)
    distance = bench.loaded.distance
    if distance is None:
        raise InputError("--against: this model was not made to compare clips; ask about a class")
    other = bench.read(asked.against, asked.frames)
    if asked.instead_of is None:
        return about_pair(subject, other, distance)
    return about_contrast(subject, other, bench.read(asked.instead_of, asked.frames), distance)
