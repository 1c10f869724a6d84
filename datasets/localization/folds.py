"""Writes the four-file format that `datasets.localization.metadata` reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from datasets.localization.metadata import Entry

Folds = Mapping[str, Sequence[Entry]]
"""Frames or shots of each split."""


def write_folds(folder: Path, folds: Folds, classes: Sequence[str]) -> None:
    """Write the metadata of all splits.

    Args:
        folder: where to; it must not exist.
        folds: entries by split. Where boxes are known, so must be the size of their frame.
        classes: names in the order of their indices.
    """
    folder.mkdir(parents=True)
    indices = {name: index for index, name in enumerate(classes)}
    (folder / "class_id.yaml").write_text(yaml.safe_dump(indices, sort_keys=False), encoding="utf-8")
    for split, entries in folds.items():
        (folder / split).mkdir()
        for name, lines in _files(entries).items():
            (folder / split / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _files(entries: Sequence[Entry]) -> dict[str, list[str]]:
    boxed = [(name, boxes) for name, _, boxes in entries if boxes]
    return {
        "image_ids.txt": [name for name, _, _ in entries],
        "class_labels.txt": [f"{name},{label}" for name, label, _ in entries],
        "image_sizes.txt": [",".join([name, *map(str, boxes.size or ())]) for name, boxes in boxed],
        "localization.txt": [",".join([name, *map(_number, box)]) for name, boxes in boxed for box in boxes.corners],
    }


def _number(value: float) -> str:
    """A coordinate without a loss, and without a needless ".0".

    >>> _number(266.0), _number(87.07894736842107)
    ('266', '87.07894736842107')
    """
    return str(int(value)) if value.is_integer() else repr(value)
