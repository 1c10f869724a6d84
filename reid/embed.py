"""Embed tracklets: `python -m reid.embed --model last.ckpt --input gallery/ --output gallery.npz`."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from reid.errors import exit_status
from reid.parsing import Parser, positive
from reid.progress import counting
from reid.terminal import model_flags, refuse_existing


def parser() -> argparse.ArgumentParser:
    """Describe the flags."""
    flags = Parser(
        prog="python -m reid.embed",
        description="Embed videos and folders of frames, and write the embeddings with their names into a file.",
    )
    flags.add_argument("--model", type=Path, required=True, help="checkpoint of train.py, other weights, or a folder")
    flags.add_argument(
        "--input",
        type=Path,
        nargs="+",
        required=True,
        help="videos, folders of frames, and folders that hold such at any depth",
    )
    flags.add_argument("--output", type=Path, required=True, help="file to write, *.npz or *.safetensors")
    flags.add_argument("--overwrite", action="store_true", help="replace an earlier --output")
    flags.add_argument("--batch", type=positive, default=16, help="clips in a forward pass (16)")
    model_flags(flags)
    return flags


def main(args: Sequence[str] | None = None) -> None:
    """Embed every tracklet and write the file, whole or not at all.

    Args:
        args: the command line; None takes it from `sys.argv`.

    Raises:
        InputError: a user's mistake or a broken file; nothing is written.
    """
    given = parser().parse_args(args)
    refuse_existing(given.output, given.overwrite)

    from reid.library.features import require_suffix, write_features  # late: --help must not wait for torch
    from reid.library.found import find_tracklets
    from reid.library.load import load_model
    from reid.library.sources import open_source

    started = time.perf_counter()
    require_suffix(given.output)
    found = find_tracklets(given.input)
    for tracklet in found:
        open_source(tracklet.source)  # what is no tracklet is found before the model runs for minutes
    model = load_model(given.model, given.device, given.config, given.sampling)
    with counting("tracklets", len(found)) as done:
        features = model.store(
            [tracklet.name for tracklet in found], [tracklet.source for tracklet in found], given.batch, done
        )
    path = write_features(given.output, features)
    print(  # noqa: T201 - the command's output
        f"{len(features):,} tracklets, {features.embeddings.shape[1]} numbers each, {features.sampling}, "
        f"{time.perf_counter() - started:.1f} s: {path}"
    )


if __name__ == "__main__":
    sys.exit(exit_status(main))
