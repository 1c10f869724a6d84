"""Kinds of bad input: each draws one command line and what must be true if it is accepted, or refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from numpy.random import Generator

from tests.hostile import tiny
from tests.hostile.benchmarks import mars_info, prid_splits, tables, trees
from tests.hostile.commands import explain
from tests.hostile.mutants import damaged, lines_damaged, word
from tests.hostile.place import SPECIAL, Place, Trial, evaluated, named, pick


def videos(place: Place, generator: Generator, folder: Path) -> Trial:
    """Damaged videos, now and then under the name of another container."""
    name = pick(generator, sorted(place.videos))
    other = pick(generator, sorted(place.videos)) if generator.random() < 0.1 else name
    (folder / other).write_bytes(damaged(place.videos[name], generator))
    return place.asked(["--video", folder / other], folder)


def pictures(place: Place, generator: Generator, folder: Path) -> Trial:
    """A tracklet of two pictures, one of them damaged."""
    name = pick(generator, sorted(place.pictures))
    (folder / "clip").mkdir()
    (folder / "clip" / f"0{Path(name).suffix}").write_bytes(damaged(place.pictures[name], generator))
    (folder / "clip" / f"1{Path(name).suffix}").write_bytes(place.pictures[name])
    return place.asked(["--tracklet", folder / "clip"], folder)


"""Make something that is no file, or not the one that its name says."""


NAMES: Final = (
    "0.jpg",
    "a\nb.png",
    "\u00e4\u4e2d.jpg",
    ".hidden.jpg",
    "-f.png",
    "F1.JPG",
    "0001C1T0001F001.jpg",
    "x.txt",
)


def folders(place: Place, generator: Generator, folder: Path) -> Trial:
    """Folders of frames with odd names, odd files, and none."""
    clip = folder / "clip"
    clip.mkdir()
    for name in NAMES:
        if generator.random() < 0.3:
            shutil.copy(place.walk / "0000.jpg", clip / name)
        elif generator.random() < 0.15:
            pick(generator, SPECIAL)(clip / name)
    asked = pick(generator, [clip, clip, clip / "0", clip / "0.jpg", folder / "clip" / ".." / "clip", clip / "none"])
    return place.asked([pick(generator, ["--tracklet", "--tracklet", "--video"]), asked], folder)


FLAGS: Final = (
    *(
        "--frames",
        "--method",
        "--normalize",
        "--target_id",
        "--score",
        "--finer",
        "--against",
        "--instead_of",
        "--label",
    ),
    *("--device", "--layers", "--temporal", "--config", "--root", "--top", "--query", "--mistakes", "--tensorboard"),
    *("--scorecam_channels", "--scorecam_batch_size", "--labels", "--head", "--weights", "--model", "--tcam", "--bf16"),
    *("--video", "--tracklet", "--output", "--overwrite", "--checkpoint", "--unknown", "--polarity", "--label"),
)


def flags(place: Place, generator: Generator, folder: Path) -> Trial:
    """Flags with values that are not theirs."""
    given: list[object] = []
    for _ in range(int(generator.integers(1, 4))):
        flag, value = (
            pick(generator, FLAGS),
            pick(generator, [word(generator), str(place.walk), "2", str(place.checkpoint)]),
        )
        if flag in {"--output", "--tensorboard"}:
            value = folder / "deep" / value.strip("/.")
        given += [flag, value] if generator.random() < 0.9 else [f"{flag}={value}"]
    trial = place.asked(["--tracklet", place.walk], folder, *given)
    return trial._replace(whole=lambda: None)  # it may have gone to another place, with other frames


def explained_configs(place: Place, generator: Generator, folder: Path) -> Trial:
    """Damaged configs beside a checkpoint, for the model and for a benchmark."""
    path, text = folder / "config.yaml", place.config.read_text()
    if generator.random() < 0.5:
        path.write_bytes(damaged(text.encode(), generator))
    else:
        path.write_text(lines_damaged(text, generator))
    if generator.random() < 0.5:
        return place.asked(["--tracklet", place.walk, "--config", path], folder)
    output = folder / "out"
    words = ["--query", "0001_cam1_t1", "--config", path, "--checkpoint", place.checkpoint, "--device", "cpu"]
    words += ["--output", output, "--method", "gradcam", "--top", 2]
    return Trial(explain, words, lambda: json.loads((output / "summary.json").read_text()), output)


def configs(place: Place, generator: Generator, folder: Path) -> Trial:
    """Damaged training configs."""
    path = tiny.config(folder / "config.yaml", named("Folder", place.people), root=folder / "runs")
    path.write_text(lines_damaged(path.read_text(), generator))
    return evaluated(place, generator, folder, path)


OPTIONS: Final = (
    *("data.test_sampling", "data.test_sampling.frames", "data.benchmark", "data.benchmark.root", "data.test_batch"),
    *("data.on_bad_image", "data.val_identities", "model.num_identities", "model.distance", "model.backbone"),
    *("model.backbone.size", "model.backbone.widths", "model.backbone.strides", "model.neck", "seed_everything"),
    *("trainer.accelerator", "trainer.precision", "trainer.max_epochs", "trainer.logger", "trainer.limit_val_batches"),
    *("model.weights", "model.losses", "model.optimizer.lr", "ckpt_path", "ranked", "ranked_queries", "config", "x"),
)


def options(place: Place, generator: Generator, folder: Path) -> Trial:
    """Options of a training that are not what they should be."""
    path = tiny.config(folder / "config.yaml", named("Folder", place.people), root=folder / "runs")
    trial = evaluated(place, generator, folder, path)
    given = [f"--{pick(generator, OPTIONS)}={word(generator)}" for _ in range(int(generator.integers(1, 3)))]
    return trial._replace(words=[*trial.words, *given], whole=lambda: None)


Draw = Callable[[Place, Generator, Path], Trial]
KINDS: Final[dict[str, tuple[Draw, int, int]]] = {
    "videos": (videos, 240, 6),
    "pictures": (pictures, 200, 5),
    "folders of frames": (folders, 100, 5),
    "flags of explain.py": (flags, 140, 5),
    "configs of explain.py": (explained_configs, 60, 3),
    "configs of train.py": (configs, 60, 2),
    "options of train.py": (options, 60, 2),
    "info files of MARS": (mars_info, 100, 4),
    "splits of PRID2011": (prid_splits, 50, 3),
    "tables of Folder": (tables, 80, 4),
    "trees of Folder": (trees, 60, 3),
}
"""How a case is drawn, how many there are, and how many of them are tried each time."""
