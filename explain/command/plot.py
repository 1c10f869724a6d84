"""Curves of methods as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from explain.command.names import CONTROLS


class Axes(NamedTuple):
    """One diagram."""

    title: str
    across: str
    upward: str
    label: str


_COLOURS: Final = ("C0", "C1", "C2", "C3", "C4", "C5", "C6", "C8", "C9")  # C7 is the grey of the controls
_DIAGRAMS: Final = (
    Axes("Deletion: lower is better", "fraction", "deletion", "share of the score that is left"),
    Axes("Insertion: higher is better", "fraction", "insertion", "share of the score that is there"),
    Axes("Retrieval under deletion: lower is better", "deleted", "ap", "AP of the query"),
)


def plot_curves(path: Path, curves: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """Draw the curves of every method; controls are grey.

    Args:
        path: the PNG.
        curves: method -> name -> values, as `explain.command.jury.Jury.curves` gives them.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # late: the import takes a second
    from matplotlib.figure import Figure

    diagrams = [diagram for diagram in _DIAGRAMS if all(diagram.upward in own for own in curves.values())]
    figure = Figure(figsize=(5 * len(diagrams), 5), layout="constrained")
    FigureCanvasAgg(figure)
    for place, diagram in enumerate(diagrams, 1):
        axes = figure.add_subplot(1, len(diagrams), place)
        for number, (method, own) in enumerate(curves.items()):
            control = method in CONTROLS
            axes.plot(
                own[diagram.across],
                own[diagram.upward],
                label=method,
                color="0.6" if control else _COLOURS[number % len(_COLOURS)],
                linestyle=(":", "--", "-.")[CONTROLS.index(method)]
                if control
                else ("-", "--")[number // len(_COLOURS) % 2],
            )
        axes.set(title=diagram.title, xlabel="share of the clip", ylabel=diagram.label)
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3 * len(diagrams))
    figure.savefig(path, dpi=110)
