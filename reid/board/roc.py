"""What was looked at closer, to look at: the ROC curve of verification, and each pair of cameras."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid.board.base import Board
from reid.board.surviving import surviving


def show_closer(boards: Iterable[Board], closer: Mapping[str, Any], step: int) -> None:
    """Show everything on all boards, under `verification/`; a board that fails is one warning.

    Args:
        boards: where.
        closer: what `reid.judgement.look_closer` gives.
        step: of the training.
    """
    for board in boards:
        with surviving("the ROC curve"):
            rates, curve, pairs = closer["verification"], closer["roc"], closer["camera_pairs"]
            board.image("verification/roc", draw(curve["FPR"], curve["TPR"], rates["AUC"]), step)
            points = list(zip(curve["FPR"], curve["TPR"], strict=True))
            board.table("verification/roc_points", ["FPR", "TPR"], points, step)
            board.table("verification/rates", ["name", "value"], list(rates.items()), step)
            columns = list(pairs[0]) if pairs else ["query_camera", "gallery_camera"]
            board.table("verification/camera_pairs", columns, [list(pair.values()) for pair in pairs], step)


def draw(false: Sequence[float], true: Sequence[float], area: float) -> NDArray[np.uint8]:
    """Draw a ROC curve over false positive rates in powers of ten, with that of chance beside it.

    Args:
        false: false positive rates, above 0.
        true: true positive rate at each.
        area: under the curve, 0..1.

    Returns:
        [H,W,3] RGB.

    >>> draw([0.001, 1.0], [0.5, 1.0], 0.9).shape
    (550, 660, 3)
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # late: the import takes a second
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(false, true, marker=".", label=f"area {100 * area:.1f} %")
    axes.plot(false, false, linestyle=":", color="grey", label="chance")
    axes.set(
        xscale="log",
        ylim=(-0.02, 1.02),
        title="Verification: the same person, yes or no?",
        xlabel="share of wrong pairs that are accepted",
        ylabel="share of true pairs that are accepted",
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba(), dtype=np.uint8)[..., :3].copy()  # type: ignore[no-untyped-call]
