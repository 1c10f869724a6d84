"""The figures by which two people know that they evaluated the same thing."""

from collections import Counter

from datasets.base import Benchmark
from reid.errors import InputError


def counts(benchmark: Benchmark) -> dict[str, int]:
    """Count tracklets, persons, images and pairs of a benchmark, without listing the pairs.

    Returns:
        Per list its `*_tracklets`, `*_persons` and `*_images`. `gallery_persons` includes the distractors' person 0,
        whose tracklets are the `distractors`. `junk`, where the benchmark knows it: tracklets that were left out.
        `queries_valid` have a match, a gallery tracklet of the same person under another camera; the others are
        `queries_dropped`. `positives` are all matches, `excluded_pairs` all pairs of the same person and camera.
    """
    found: dict[str, int] = {}
    for name, tracklets in (("train", benchmark.train), ("query", benchmark.query), ("gallery", benchmark.gallery)):
        found[f"{name}_tracklets"] = len(tracklets)
        found[f"{name}_persons"] = len({tracklet.person for tracklet in tracklets})
        found[f"{name}_images"] = sum(len(tracklet) for tracklet in tracklets)
    found["distractors"] = sum(tracklet.person == 0 for tracklet in benchmark.gallery)
    if hasattr(benchmark, "junk"):
        found["junk"] = len(benchmark.junk)
    return found | _pairs(benchmark)


def _pairs(benchmark: Benchmark) -> dict[str, int]:
    """What becomes of the pairs of a query and a gallery tracklet of its person."""
    by_person = Counter(tracklet.person for tracklet in benchmark.gallery)
    by_camera = Counter((tracklet.person, tracklet.camera) for tracklet in benchmark.gallery)
    excluded = [by_camera[query.person, query.camera] for query in benchmark.query]
    positives = [by_person[query.person] - same for query, same in zip(benchmark.query, excluded, strict=True)]
    return {
        "queries_valid": sum(matches > 0 for matches in positives),
        "queries_dropped": positives.count(0),
        "excluded_pairs": sum(excluded),
        "positives": sum(positives),
    }


def require_published(benchmark: Benchmark) -> None:
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
        raise InputError(f"{type(benchmark).__name__} differs from the published data: {', '.join(differing)}")
