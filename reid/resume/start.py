"""Where a `fit` starts: afresh, from a checkpoint, or from one and in the folder of its run."""

import re
from pathlib import Path
from typing import Any, NamedTuple

from lightning.pytorch.loggers import TensorBoardLogger

from reid.errors import InputError
from reid.resume.newest import Say, differing, newest_checkpoint, resumable
from reid.settings import Settings

AUTO = "auto"


class Start(NamedTuple):
    """What a command starts from.

    Attributes:
        checkpoint: the file; None begins afresh.
        folder: of the run that goes on, `.../version_3`; None for a new one.
        steps: of the optimizer that were done in this folder.
    """

    checkpoint: Path | None = None
    folder: Path | None = None
    steps: int = 0

    def trainer_options(self, given: Any) -> dict[str, Any]:  # noqa: ANN401 - a namespace of jsonargparse
        """Options of the Trainer that follow: the same folder for TensorBoard, and no evaluation before training.

        Args:
            given: the options of the config; a logger of its own is left alone.
        """
        if not self.checkpoint:
            return {}
        options: dict[str, Any] = {"num_sanity_val_steps": 0}  # it would count as the one before training
        if self.folder and (given.logger is None or given.logger is True):  # a list of loggers has no hash
            saved = self.folder.parent
            version = int(self.folder.name.removeprefix("version_"))
            options["logger"] = TensorBoardLogger(saved.parent, saved.name, version, purge_step=self.steps)
        return options


def start_of(resumed: str | None, given: Any, settings: Settings, say: Say) -> Start:  # noqa: ANN401 - a namespace
    """Find out where a `fit` starts.

    Args:
        resumed: what `--resume` says: a file, "auto", or None.
        given: the other options of `fit`.
        settings: that they come to.
        say: hears what is found.

    Raises:
        InputError: a file that was named is no checkpoint of a training; or two were named.
    """
    if resumed and given.ckpt_path:
        raise InputError("--resume and --ckpt_path both say where to start: give one")
    if given.ckpt_path:
        resumable(Path(given.ckpt_path))
        return Start(Path(given.ckpt_path))
    if not resumed:
        return Start()
    root = Path(given.trainer.default_root_dir)
    path = newest_checkpoint(root, settings, say) if resumed == AUTO else Path(resumed)
    if path is None:
        say(f"no checkpoint of this config below {root}: training starts afresh")
        return Start()
    return _from(path, root, settings, say)


def _from(path: Path, root: Path, settings: Settings, say: Say) -> Start:
    """Start from a file, in its folder if that is of this root."""
    content = resumable(path)
    other = differing(content, settings)
    if other:
        say(f"this is another config than that of {path}: {other}")
    say(f"{path} (epoch {content['epoch']}, step {content['global_step']})")
    folder = path.absolute().parent.parent
    below = path.parent.name == "checkpoints" and re.fullmatch(r"version_\d+", folder.name)
    return Start(path, folder if below and root.absolute() in folder.parents else None, content["global_step"])
