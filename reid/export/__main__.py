"""Export a model: `python -m reid.export --checkpoint last.ckpt --format onnx --output model.onnx`."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from reid.errors import InputError, exit_status
from reid.parsing import Parser, positive
from reid.terminal import model_flags, refuse_existing


def parser() -> argparse.ArgumentParser:
    """Describe the flags."""
    flags = Parser(
        prog="python -m reid.export",
        description="Write a trained model as ONNX, as a program of torch.export, or as a folder for the Hub.",
    )
    flags.add_argument(
        "--checkpoint", type=Path, required=True, help="checkpoint of train.py, other weights, or a folder"
    )
    flags.add_argument("--format", choices=("onnx", "torch", "folder"), required=True, help="what is written")
    flags.add_argument("--output", type=Path, required=True, help="file to write; of --format folder a new folder")
    flags.add_argument("--overwrite", action="store_true", help="replace an earlier file")
    flags.add_argument(
        "--frames", type=positive, help="T of a clip, which onnx and torch fix; if not given what the model samples"
    )
    flags.add_argument("--logits", action="store_true", help="put out the scores of the training people too")
    model_flags(flags)
    return flags


def main(args: Sequence[str] | None = None) -> None:
    """Export, compare with the model, and only then give the file its name.

    Args:
        args: the command line; None takes it from `sys.argv`.

    Raises:
        InputError: a user's mistake, a backbone that cannot be exported, or a file that answers otherwise than the
            model; nothing is left behind.
    """
    given = parser().parse_args(args)
    if given.format == "folder":
        _write_folder(given)
        return
    refuse_existing(given.output, given.overwrite)

    from reid.export.files import export_file  # late: --help must not wait for torch
    from reid.library.load import load_model

    started = time.perf_counter()
    model = load_model(given.checkpoint, "cpu", given.config, given.sampling)
    difference = export_file(model, given.output, given.format, given.frames, given.logits)
    seconds = time.perf_counter() - started
    print(f"{given.output}: largest difference from the model {difference:.1e}, {seconds:.1f} s")  # noqa: T201


def _write_folder(given: argparse.Namespace) -> None:
    if given.frames or given.logits or given.overwrite:
        raise InputError(
            "--frames, --logits and --overwrite go with --format onnx or torch: a folder holds all of a model"
        )

    from reid.export.files import export_folder
    from reid.library.load import load_model

    model = load_model(given.checkpoint, "cpu", given.config, given.sampling)
    difference = export_folder(model, given.output)
    print(f"{given.output}: largest difference from the model {difference:.1e}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(exit_status(main))
