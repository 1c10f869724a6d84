"""One explanation from files to a folder."""

import time
from dataclasses import dataclass
from pathlib import Path

from explain.command.files import read_subject
from explain.command.inquiry import Inquiry, about_class, about_contrast, about_pair
from explain.command.layers import require_layers
from explain.command.names import Finer, Score
from explain.command.publish import Keep, publish
from explain.command.workbench import Tools, Workbench, workbench
from explain.report.content import Question
from explain.sinks.folder import Facts
from reid.video import count_frames, even_indices


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about files.

    Attributes:
        source: a video file, a folder of frames, or the common start of their paths.
        against: explain the similarity to this one, instead of a class.
        instead_of: explain why it is like `against`, and not like this one.
        frames: T, sampled evenly.
        target_id: class 0..K-1; None is the predicted one.
        score: what of the class is explained.
        finer: explain the class against others, and in which form.
    """

    source: Path
    against: Path | None = None
    instead_of: Path | None = None
    frames: int = 16
    target_id: int | None = None
    score: Score = "logit"
    finer: Finer | None = None


def explain_files(asked: Asked, tools: Tools, keep: Keep) -> None:
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
        question = bench.answer(_inquiry(bench, asked))
        facts: Facts = {
            "source": str(asked.source),
            "frame_indices": ", ".join(map(str, even_indices(count_frames(asked.source), asked.frames))),
            **bench.facts,
        }
        bench.reporter.say(f"writing {keep.output}")
        publish(keep, question.title, [question], facts)
    tell(bench, [question], time.perf_counter() - started, keep)


def tell(bench: Workbench, questions: list[Question], seconds: float, keep: Keep) -> None:
    """Print what was done, in a line for each question."""
    for line in bench.left_out.lines():
        print(line)  # noqa: T201 - the command's output
    for question in questions:
        methods = ", ".join(heatmap.method for heatmap in question.panels[0].maps)
        frames = len(question.panels[0].frames)
        print(f"{methods}: {question.caption}, score {question.score:.3f}, {frames} frames")  # noqa: T201
    logged = f", {keep.tensorboard} (tensorboard --logdir)" if keep.tensorboard else ""
    print(f"{seconds:.1f} s: {keep.output}/report.html{logged}")  # noqa: T201


def _inquiry(bench: Workbench, asked: Asked) -> Inquiry:
    """Read the files and put the question."""
    subject = read_subject(bench.model, asked.source, asked.frames)
    require_layers(bench.model, subject.pixels, bench.tools.settings.layers)
    if asked.against is None:
        return about_class(bench.model, subject, asked.target_id, asked.score, asked.finer)
    other = read_subject(bench.model, asked.against, asked.frames)
    if asked.instead_of is None:
        return about_pair(subject, other, bench.model.distance)
    rival = read_subject(bench.model, asked.instead_of, asked.frames)
    return about_contrast(subject, other, rival, bench.model.distance)
