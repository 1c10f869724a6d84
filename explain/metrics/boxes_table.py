"""Correct boxes of methods, class by class, as a table."""

import csv
import io
from collections.abc import Mapping, Sequence

import torch

from explain.metrics.boxes_counts import corloc


def markdown(classes: Sequence[str], frames: Sequence[int], rows: Mapping[str, Sequence[int]]) -> str:
    """Lay out CorLoc in per cent as a Markdown table, with the number of frames below.

    Args:
        classes: names of the K classes.
        frames: of each class.
        rows: frames with a correct box of each class, by what made the boxes; say there how the threshold was chosen.

    >>> print(markdown(["cat", "dog"], [10, 30], {"LayerCAM": [5, 6]}))
    | CorLoc % | cat | dog | macro | micro |
    |---|---|---|---|---|
    | LayerCAM | 50.0 | 20.0 | 35.0 | 27.5 |
    | frames | 10 | 30 |  | 40 |
    """
    cells = [[name, *(f"{share:.1f}" for share in shares(correct, frames))] for name, correct in rows.items()]
    head = ["CorLoc %", *classes, "macro", "micro"]
    last = ["frames", *map(str, frames), "", str(sum(frames))]
    lines = [f"| {' | '.join(row)} |" for row in (head, *cells, last)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def comma_separated(classes: Sequence[str], frames: Sequence[int], rows: Mapping[str, Sequence[int]]) -> str:
    r"""Lay out what `markdown` shows as CSV, one line for each class of each row: the count, not only its share.

    >>> comma_separated(["cat"], [8], {"LayerCAM": [5]})
    'boxes,class,correct,frames,corloc\nLayerCAM,cat,5,8,62.5\nLayerCAM,macro,,,62.5\nLayerCAM,micro,5,8,62.5\n'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["boxes", "class", "correct", "frames", "corloc"])
    for name, correct in rows.items():
        *own, macro, micro = shares(correct, frames)
        writer.writerows(zip([name] * len(own), classes, correct, frames, own, strict=True))
        writer.writerow([name, "macro", "", "", macro])
        writer.writerow([name, "micro", sum(correct), sum(frames), micro])
    return text.getvalue()


def shares(correct: Sequence[int], frames: Sequence[int]) -> list[float]:
    """Per cent of each class, their mean over the classes and over the frames; nan where there is no frame.

    >>> shares([5, 0], [10, 10])
    [50.0, 0.0, 25.0, 25.0]
    """
    found, there = torch.tensor(correct), torch.tensor(frames)
    both = (corloc(found, there, "macro"), corloc(found, there, "micro"))
    return [*(100 * found.double() / there).tolist(), *(100 * score.item() for score in both)]
