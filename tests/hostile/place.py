"""What a case is, and the whole files that mutants are made of."""

import json
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from numpy.random import Generator

from tests.hostile import ground, tiny
from tests.hostile.commands import Command, assert_whole_explanation, explain, train


class Trial(NamedTuple):
    """One command line."""

    command: Command
    words: Sequence[object]
    whole: Callable[[], object]
    """Fails if the output is not whole, once the command was accepted."""
    output: Path | None = None
    """Must not be there, if it was refused."""


class Place:
    """Whole files to make mutants of, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoint = tiny.checkpoint(folder / "own.ckpt")
        self.walk = tiny.tracklet(folder / "walk")

    @cached_property
    def videos(self) -> dict[str, bytes]:
        return {f"v.{suffix}": ground.video(self.folder / f"v.{suffix}").read_bytes() for suffix in ground.CODECS}

    @cached_property
    def pictures(self) -> dict[str, bytes]:
        return ground.pictures(self.folder / "pictures")

    @cached_property
    def people(self) -> Path:
        return tiny.people(self.folder / "people")

    @cached_property
    def config(self) -> Path:
        return tiny.config(self.folder / "config.yaml", named("Folder", self.people))

    @cached_property
    def mars(self) -> Path:
        return ground.mars(self.folder / "mars")

    @cached_property
    def prid(self) -> Path:
        return ground.prid(self.folder / "prid")

    def asked(self, source: Sequence[object], folder: Path, *flags: object) -> Trial:
        """Explain a clip; two frames unless told otherwise."""
        output = folder / "out"
        words = [*source, "--checkpoint", self.checkpoint, "--device", "cpu", "--output", output]
        words += ["--frames", 2, "--method", "gradcam", *flags]
        return Trial(explain, words, lambda: assert_whole_explanation(output, 2), output)


def named(benchmark: str, root: Path, **options: object) -> dict[str, Any]:
    """A benchmark as a config has it."""
    return {"class_path": f"datasets.{benchmark}", "init_args": {"root": str(root), **options}}


def pick(generator: Generator, values: Sequence[Any]) -> Any:
    return values[int(generator.integers(len(values)))]


SPECIAL: Final[tuple[Callable[[Path], object], ...]] = (
    lambda path: path.mkdir(),
    os.mkfifo,
    lambda path: path.symlink_to(path.parent),
    lambda path: path.symlink_to("nowhere"),
    lambda path: path.symlink_to(path),
    lambda path: path.symlink_to("/etc/passwd"),
    lambda path: path.symlink_to("/dev/zero"),
    lambda path: path.touch(),
    lambda path: path.write_bytes(b"<html>"),
)


def evaluated(place: Place, generator: Generator, folder: Path, config: Path) -> Trial:
    output = folder / "runs"
    command = pick(generator, ["validate", "validate", "test"])
    words = [command, "--config", config, "--ckpt_path", place.checkpoint, "--trainer.default_root_dir", output]
    return Trial(
        train, words, lambda: json.loads((output / "results.json").read_text())["mAP"], output / "results.json"
    )
