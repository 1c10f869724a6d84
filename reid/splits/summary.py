"""Mean and deviation of every score over the splits of a benchmark."""

from collections.abc import Mapping
from statistics import fmean, stdev
from typing import Any, NamedTuple

from reid.results import Results, named_scores

COUNTED = ("gallery", "queries", "queries_dropped", "excluded_pairs")


class Spread(NamedTuple):
    """A score over the splits.

    Attributes:
        mean: of the splits.
        sample_std: with n - 1 in the denominator; None of a single split.
        values: of each split.
    """

    mean: float
    sample_std: float | None
    values: list[float]


def spread(values: list[float]) -> Spread:
    """Summarise the values of a score.

    >>> spread([0.5, 0.75])
    Spread(mean=0.625, sample_std=0.1767766952966369, values=[0.5, 0.75])
    """
    return Spread(fmean(values), stdev(values) if len(values) > 1 else None, values)


def summary(standing: Mapping[int, Results]) -> dict[str, Any]:
    """What is written: protocol, counts and every score of each split, and their spread.

    Args:
        standing: the results of each split, one at least.
    """
    scores = {split: named_scores(results) for split, results in standing.items()}
    names = next(iter(scores.values()))
    return {
        "benchmark": next(iter(standing.values()))["benchmark"],
        "splits": list(standing),
        "protocol": {split: results["protocol"] for split, results in standing.items()},
        "counts": {name: {split: results[name] for split, results in standing.items()} for name in COUNTED},
        "scores": {name: spread([own[name] for own in scores.values()])._asdict() for name in names},
    }


def text(found: Mapping[str, Any]) -> str:
    """The summary for the screen, in percent."""
    splits = found["splits"]
    deviation = "± sample standard deviation (n - 1)" if len(splits) > 1 else "(one split has no deviation)"
    lines = [
        f"{found['benchmark']}: mean {deviation} over {len(splits)} splits ({', '.join(map(str, splits))})",
        *dict.fromkeys(f"protocol {protocol}" for protocol in found["protocol"].values()),
        ", ".join(f"{name} {_range(counts.values())}" for name, counts in found["counts"].items()),
    ]
    return "\n".join([*lines, *(_line(name, score) for name, score in found["scores"].items())])


def _range(counts: Any) -> str:  # noqa: ANN401
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _line(name: str, score: Mapping[str, Any]) -> str:
    deviation = "" if score["sample_std"] is None else f" ± {100 * score['sample_std']:.1f}"
    return f"{name} {100 * score['mean']:.1f}{deviation}"
