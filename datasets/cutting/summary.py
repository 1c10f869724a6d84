"""What was cut, in numbers and in words."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datasets.cutting.division import can_be_found
from datasets.cutting.plan import Piece, Plan
from reid.library.found import INDEX
from reid.shell import command


def summary(plan: Plan, sides: Sequence[tuple[str, Piece]], options: dict[str, Any]) -> dict[str, Any]:
    """All there is to say, fit for JSON.

    Args:
        plan: what was cut.
        sides: who trains, asks and is ranked.
        options: that decided it.
    """
    lengths = [len(piece) for piece in plan.pieces]
    return {
        "counts": _counts(plan.pieces) | {"persons_that_can_be_found": len(can_be_found(plan))},
        "sides": {
            side: _counts([piece for of, piece in sides if of == side]) for side in ("train", "query", "gallery")
        },
        "lengths": {
            "shortest": min(lengths),
            "median": float(np.median(lengths)),
            "longest": max(lengths),
        },
        "identities": "each track is a person of its own" if plan.own else "by the column identity",
        "cameras_count": plan.by_camera,
        "boxes": {
            "read": plan.boxes,
            "cut": sum(lengths),
            "between_sampled_frames": plan.between,
            "dropped": plan.dropped,
        },
        "tracklets_too_short": plan.short,
        "videos": [
            {
                "video": str(source.video),
                "boxes": str(source.file),
                "cameras": list(source.boxes.cameras),
                "occlusion_by": how,
                **_counts([piece for piece in plan.pieces if piece.video == number]),
            }
            for number, (source, how) in enumerate(zip(plan.sources, plan.occlusion, strict=True))
        ],
        "options": options,
    }


def _counts(pieces: Sequence[Piece]) -> dict[str, int]:
    return {
        "persons": len({piece.person for piece in pieces}),
        "cameras": len({piece.camera for piece in pieces}),
        "tracklets": len(pieces),
        "frames": sum(map(len, pieces)),
    }


def in_words(told: dict[str, Any]) -> Iterator[str]:
    """The summary as lines.

    Args:
        told: what `summary` returns.
    """
    for name, counts in {"cut": told["counts"], **told["sides"]}.items():
        yield f"{name + ':':9}" + ", ".join(f"{counts[what]:,} {what}" for what in _counts([]))
    lengths, boxes = told["lengths"], told["boxes"]
    yield f"lengths: {lengths['shortest']} to {lengths['longest']} frames, median {lengths['median']:g}"
    yield f"boxes:   {boxes['read']:,} read, {boxes['cut']:,} cut"
    if boxes["between_sampled_frames"]:
        yield f"         {boxes['between_sampled_frames']:,} between the sampled frames"
    for reason, count in boxes["dropped"].items():
        yield f"         {count:,} dropped: {reason}"
    for how in dict.fromkeys(video["occlusion_by"] for video in told["videos"]):
        yield f"occlusion by {how}"
    yield from notes(told)


def notes(told: dict[str, Any]) -> Iterator[str]:
    """What one has to know before quoting a figure."""
    if told["identities"].startswith("each"):
        yield "note: no column identity, so each track is a person of its own under its camera"
    if not told["cameras_count"]:
        yield "note: nobody is under two cameras, so cameras are left out: tracklets of a track may match each other"
    if not told["counts"]["persons_that_can_be_found"]:
        yield (
            "note: nobody has two tracklets that may match, so nothing can be ranked and `Folder` will refuse it; give "
            "a column identity, or a lower --max_length"
        )


def next_steps(told: dict[str, Any], root: Path) -> Iterator[str]:
    """The commands that use what was cut."""
    if not told["counts"]["persons_that_can_be_found"]:
        return
    table = root / INDEX
    yield "next:"
    yield "  " + command("python", "-m", "datasets", "check", "datasets.Folder", "--root", root, "--table", table)
    if told["sides"]["train"]["persons"] > 1:
        where = ("--data.benchmark.root", root, "--data.benchmark.table", table)
        people = ("--model.num_identities", told["sides"]["train"]["persons"])
        fit = ("python", "train.py", "fit", "--config", "configs/demo.yaml", "--data.benchmark", "datasets.Folder")
        yield "  " + command(*fit, *where, *people)
