"""Where else is this person: `python -m reid.rank --features gallery.npz --query walk.mp4`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from reid.errors import exit_status
from reid.parsing import Parser, positive
from reid.terminal import model_flags


def parser() -> argparse.ArgumentParser:
    """Describe the flags."""
    flags = Parser(
        prog="python -m reid.rank",
        description="List the tracklets of stored features that are nearest to a query: where else is this person?",
    )
    flags.add_argument("--features", type=Path, required=True, help="the gallery, a file of python -m reid.embed")
    flags.add_argument(
        "--query",
        required=True,
        help="name of a tracklet of the gallery, or a video or folder of frames, or another file of features",
    )
    flags.add_argument("--top", type=positive, default=10, help="how many are listed (10)")
    flags.add_argument("--output", type=Path, help="folder to write: ranked.json and a picture for each query")
    flags.add_argument(
        "--model", type=Path, help="embeds a query that is a video; if not given the model that the features name"
    )
    model_flags(flags)
    return flags


def main(args: Sequence[str] | None = None) -> None:
    """Print a table for each query, and write the folder if one is asked for.

    Args:
        args: the command line; None takes it from `sys.argv`.

    Raises:
        InputError: a user's mistake or a broken file, or features that another model made.
    """
    given = parser().parse_args(args)

    from reid.library.asked import Loading, query_of  # late: --help must not wait for torch
    from reid.library.features import read_features
    from reid.library.found_again import listings, table

    gallery = read_features(given.features)
    loading = Loading(given.model, given.config, given.sampling, given.device)
    ranked = listings(query_of(given.query, gallery, loading), gallery, given.top)
    print("\n\n".join(map(table, ranked)))  # noqa: T201 - the command's output
    if given.output:
        from reid.library.found_again import write_listings

        write_listings(given.output, ranked, gallery)
        print(f"\n{given.output}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(exit_status(main))
