"""The figures by which two people know that they localised on the same data."""

from collections import Counter
from collections.abc import Sequence

from datasets.localization.base import LocalizationBenchmark
from datasets.localization.shots import Shot, places
from reid.errors import InputError


def counts(benchmark: LocalizationBenchmark) -> dict[str, int]:
    """Count videos, shots, frames and boxes of a benchmark; no picture is read.

    Returns:
        Per split its `*_videos` and `*_shots`, of `train` all its `train_frames`, of `val` and `test` the labelled
        `*_frames`, their `*_boxes`, and their `*_masks` where there are any (each gives one box, or none).
        `test_frames_<class>` are the labelled test frames of each class.
    """
    found = _of_split("train", benchmark.train)
    found["train_frames"] = sum(map(len, benchmark.train))
    for name, shots in (("val", benchmark.val), ("test", benchmark.test)):
        found |= _of_split(name, shots) | _labelled(name, shots)
    by_class = Counter(benchmark.test[index].label for index, _ in places(benchmark.test))
    return found | {f"test_frames_{name}": by_class[label] for label, name in enumerate(benchmark.classes)}


def _of_split(name: str, shots: Sequence[Shot]) -> dict[str, int]:
    return {f"{name}_videos": len({shot.video for shot in shots}), f"{name}_shots": len(shots)}


def _labelled(name: str, shots: Sequence[Shot]) -> dict[str, int]:
    boxes = sum(len(boxes.corners) for shot in shots for boxes in shot.boxes.values())
    masks = sum(len(shot.masks) for shot in shots if shot.masks is not None)
    found = {f"{name}_frames": sum(len(shot.labelled) for shot in shots), f"{name}_boxes": boxes}
    return found | ({f"{name}_masks": masks} if masks else {})


def require_published(benchmark: LocalizationBenchmark) -> None:
    """Compare a benchmark's counts with the published ones.

    Raises:
        InputError: some differ.
    """
    found = counts(benchmark)
    differing = [
        f"{name} {found.get(name, 0):,} instead of {value:,}"
        for name, value in benchmark.expected.items()
        if found.get(name) != value
    ]
    if differing:
        name = type(benchmark).__name__
        raise InputError(f"{name} differs from the published data (counts: any accepts it): {', '.join(differing)}")
