"""The test tracklets of a training config: what `explain.py` is asked about by name."""

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import torch
import yaml
from torch import Tensor
from torch.nn import functional as F

from reid.errors import InputError
from reid.image import read_image
from reid.protocol import Evaluation
from reid.types import Clip


class Clips(Protocol):
    """Clips of the test tracklets, one after the other."""

    def __len__(self) -> int:
        """Return the number of clips."""

    def __getitem__(self, item: int) -> Clip:
        """Read one clip, without a batch axis."""

    def frames(self, item: int) -> tuple[Path, ...]:
        """Where its T frames lie."""


class HeldOut:
    """The test side of a benchmark.

    Args:
        evaluation: who is asked for and who is ranked.
        clips: of the tracklets.
        mask: from a frame to the picture that says what it shows, if there is one.
    """

    def __init__(self, evaluation: Evaluation, clips: Clips, mask: Callable[[Path], Path | None]) -> None:
        self.evaluation = evaluation
        self.clips = clips
        self._mask = mask
        counts = torch.tensor(evaluation.clips)
        self._first: list[int] = (counts.cumsum(0) - counts).tolist()

    def clip(self, tracklet: int) -> int:
        """Which clip stands for a tracklet: the middle one."""
        return self._first[tracklet] + self.evaluation.clips[tracklet] // 2

    def masks(self, item: int) -> Tensor | None:
        """What the pixels of a clip show, [T,H,W] uint8 (see `datasets.base.Benchmark.mask`); None if nobody knows.

        Raises:
            InputError: a mask is missing or broken.
        """
        places = [self._mask(frame) for frame in self.clips.frames(item)]
        found = [place for place in places if place is not None]
        if len(found) < len(places):
            return None
        size = self.clips[item].pixels.shape[2:]
        grey = torch.stack([torch.from_numpy(read_image(place)[..., 0].copy()) for place in found])  # [T,H,W]
        return F.interpolate(grey[None], size, mode="nearest-exact")[0]

    def find(self, name: str) -> int:
        """Find a test tracklet by its name.

        Raises:
            InputError: there is none of this name.
        """
        names = [tracklet.name for tracklet in self.evaluation.tracklets]
        if name not in names:
            near = ", ".join(get_close_matches(name, names, cutoff=0)) or "none at all"
            raise InputError(f"--query {name}: {self.evaluation.benchmark} has no such test tracklet; there is {near}")
        return names.index(name)


def open_benchmark(config: Path, root: Path | None, frames: int | None, size: tuple[int, int]) -> HeldOut:
    """Build the data of a training config and lay out their test side.

    Args:
        config: the YAML; trusted, as its class paths are imported.
        root: folder of the benchmark; None takes the one that the config names.
        frames: T of the one clip, sampled evenly, that stands for a tracklet; None samples as the config says.
        size: height and width of the frames that the model takes.

    Raises:
        InputError: the config has no data, or they are not where it says.
    """
    from jsonargparse import ArgumentError, ArgumentParser  # late: explaining files does not need it

    section = _data_section(config)
    if root is not None:
        section["init_args"]["benchmark"].setdefault("init_args", {})["root"] = str(root)
    if frames is not None:
        evenly = {"class_path": "datasets.sampling.Evenly", "init_args": {"frames": frames}}
        section["init_args"]["test_sampling"] = evenly
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(_class(config, section["class_path"]), "data")
    try:
        data: Any = parser.instantiate(parser.parse_object({"data": section["init_args"]})).data
    except (ArgumentError, ValueError) as error:
        raise _first_mistake(config, error) from error
    data.read_test(size)
    return HeldOut(data.evaluation, data.test_clips, data.benchmark.mask)


def _data_section(config: Path) -> dict[str, Any]:
    """The `data` of a config, as class path and arguments."""
    try:
        content = yaml.safe_load(config.read_text())
        section = dict(content["data"])
        arguments = dict(section["init_args"])
        arguments["benchmark"] = dict(arguments["benchmark"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"config {config}: cannot be read as YAML ({str(error).splitlines()[0]})") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"config {config}: has no `data` with a benchmark; give the YAML that the model was trained with"
        ) from error
    return {"class_path": str(section.get("class_path")), "init_args": arguments}


def _class(config: Path, path: str) -> type:
    """The class of that path; raises if it is none that reads benchmarks."""
    module, _, name = path.rpartition(".")
    try:
        found: object = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"config {config}: {path} cannot be imported ({error})") from error
    if not isinstance(found, type) or not hasattr(found, "read_test"):  # nothing else is ever called
        raise InputError(f"config {config}: {path} is no data module such as datasets.datamodule.ReIDDataModule")
    return found


def _first_mistake(config: Path, error: BaseException) -> InputError:
    """What a constructor said, which the parser wraps."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, InputError):
        cause = cause.__cause__ or cause.__context__
    return InputError(str(cause) if cause else f"config {config}: {' '.join(str(error).split())}")
