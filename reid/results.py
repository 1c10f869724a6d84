"""The results of one evaluation: what is printed, and what `results.json` holds."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from reid.camera_pairs import CameraPair, table
from reid.protocol import Evaluation
from reid.writing import write_whole

Results = Mapping[str, Any]
SCORES = ("mAP", "CMC-1", "CMC-5", "CMC-10", "CMC-20", "mINP")
COUNTS = {
    "gallery_tracklets": "gallery",
    "queries_valid": "queries",
    "queries_dropped": "queries_dropped",
    "excluded_pairs": "excluded_pairs",
}
"""Names of a benchmark's published counts, and of the same counts in a result."""
LIBRARIES = ("reidlens", "torch", "torchvision", "lightning", "torchmetrics", "timm", "numpy")


def describe(results: Results, evaluation: Evaluation) -> str:
    """Say in a few lines what was ranked, under which rules, and how well.

    >>> counts = {"queries": 2, "queries_dropped": 0, "gallery": 4, "excluded_pairs": 2, "tied_queries": 0}
    >>> scores = dict.fromkeys(SCORES, 0.5)
    >>> print(describe(counts | scores, Evaluation("Toy", "official", [], [], [], [])))
    Toy, protocol official: gallery 4, 2 queries (0 dropped), 2 excluded pairs
    mAP 50.0  CMC-1 50.0  CMC-5 50.0  CMC-10 50.0  CMC-20 50.0  mINP 50.0
    """
    counts = (
        f"{evaluation.benchmark}, protocol {evaluation.protocol}: gallery {results['gallery']:,}, "
        f"{results['queries']:,} queries ({results['queries_dropped']:,} dropped), "
        f"{results['excluded_pairs']:,} excluded pairs"
    )
    lines = [
        counts,
        *_differences(results, evaluation.expected),
        _scores(results),
        *(f"{name}: {_scores(refined)}" for name, refined in results.get("refined", {}).items()),
        *_closer(results),
    ]
    if results["tied_queries"]:
        lines.append(f"{results['tied_queries']} queries have a wrong tracklet at the distance of a right one")
    if results.get("frames_replaced"):
        lines.append(f"frames that did not decode and were replaced by a neighbour: {results['frames_replaced']}")
    return "\n".join(lines)


def named_scores(results: Results, scores: Sequence[str] = SCORES) -> dict[str, float]:
    """Scores by name, those of a refinement as `mAP/reranked`.

    >>> named_scores({"mAP": 0.5, "refined": {"reranked": {"mAP": 0.75}}}, ["mAP"])
    {'mAP': 0.5, 'mAP/reranked': 0.75}
    """
    ranked = {"": results, **{f"/{name}": refined for name, refined in results.get("refined", {}).items()}}
    return {f"{score}{name}": float(found[score]) for name, found in ranked.items() for score in scores}


def _scores(results: Results) -> str:
    """One line of scores, percent."""
    return "  ".join(f"{score} {100 * results[score]:.1f}" for score in SCORES)


def _closer(results: Results) -> list[str]:
    """What was looked at closer, if it was."""
    if "verification" not in results:
        return []
    rates = "  ".join(
        f"{name} {100 * value:.1f}"
        for name, value in results["verification"].items()
        if name.startswith(("AUC", "TPR"))
    )
    return [f"verification: {rates}", table([CameraPair(**pair) for pair in results["camera_pairs"]])]


def _differences(results: Results, expected: Mapping[str, int]) -> list[str]:
    """One line if the counts are not the published ones of the benchmark."""
    wrong = [
        f"{name} {results[name]:,} instead of {expected[published]:,}"
        for published, name in COUNTS.items()
        if published in expected and results[name] != expected[published]
    ]
    return [f"not the published data, do not compare with papers: {', '.join(wrong)}"] if wrong else []


def provenance(checkpoint: str | Path | None) -> dict[str, Any]:
    """Say what a number depends on besides its options: the checkpoint and its sha256, the seed, the libraries."""
    return {
        "seed": int(os.environ.get("PL_GLOBAL_SEED", "0")),
        "checkpoint": str(checkpoint) if checkpoint else None,
        "checkpoint_sha256": file_hash(Path(checkpoint)) if checkpoint else None,
        "versions": {name: _version(name) for name in LIBRARIES},
    }


def _version(name: str) -> str:
    """The version of a library; ours may run from a checkout without being installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def file_hash(path: Path) -> str:
    """The sha256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_results(folder: Path, results: Results) -> Path:
    """Write `results.json` into `folder`, whole or not at all; returns its path.

    Raises:
        InputError: the folder cannot be written.
    """
    return write_whole(folder / "results.json", json.dumps(results, indent=2) + "\n")
