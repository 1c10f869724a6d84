"""The table that tells `Folder` who trains, who is asked for and who is ranked."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from datasets.cutting.plan import Piece, Plan
from reid.library.found import INDEX
from reid.writing import write_whole


def write_index(plan: Plan, sides: Sequence[tuple[str, Piece]], root: Path) -> Path:
    """Write `tracklets.csv`; the column camera is left out where cameras do not count.

    Args:
        plan: what was cut.
        sides: who trains, asks and is ranked (see `datasets.cutting.division.divide`).
        root: of the tracklets.

    Raises:
        InputError: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["frames", "person", "tracklet", *["camera"] * plan.by_camera, "split"])
    for side, piece in sides:
        camera = [piece.camera] * plan.by_camera
        writer.writerow([plan.folder(piece).as_posix(), piece.person, piece.name, *camera, side])
    return write_whole(root / INDEX, text.getvalue())
