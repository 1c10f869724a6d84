"""Scores of methods as a table."""

from collections.abc import Mapping, Sequence

COLUMNS: Mapping[str, str] = {
    "deletion": "deletion ↓",
    "insertion": "insertion ↑",
    "ap_area": "AP under deletion ↓",
    "rank_area": "rank under deletion ↑",
    "average_drop": "drop ↓",
    "average_increase": "increase ↑",
    "road_combined": "ROAD ↑",
    "energy_pointing_person": "energy on the person ↑",
    "pointing_game_person": "pointing game ↑",
    "energy_pointing_item": "energy on the item ↑",
    "background_energy": "behind the person ↓",
    "agreement": "like all channels ↑",
    "flicker": "flicker ↓",
    "gini": "Gini",
    "max_sensitivity": "sensitivity ↓",
    "infidelity_normalised": "infidelity ↓",
    "random_weights": "random weights ↓",
    "left_out": "left out",
    "seconds": "s a map",
}
"""What is shown of all scores, in this order, and which way is better."""


def markdown(scores: Mapping[str, Mapping[str, float]]) -> str:
    """Lay out the scores of methods as a Markdown table; what was measured of none is left out.

    >>> print(markdown({"gradcam": {"deletion": 0.25}, "random": {"deletion": 0.5, "flicker": 1.0}}))
    | method | deletion ↓ | flicker ↓ |
    |---|---|---|
    | gradcam | 0.250 | - |
    | random | 0.500 | 1.000 |
    """
    shown = [name for name in COLUMNS if any(name in own for own in scores.values())]
    rule = "|" + "---|" * (1 + len(shown))
    head = _row(["method", *(COLUMNS[name] for name in shown)])
    rows = (
        _row([method, *(_number(own[name]) if name in own else "-" for name in shown)])
        for method, own in scores.items()
    )
    return "\n".join([head, rule, *rows])


def _number(value: float) -> str:
    """Three decimals, or the power of ten of what would have none.

    >>> _number(0.25), _number(0.0), _number(0.00004)
    ('0.250', '0.000', '4e-05')
    """
    return f"{value:.0e}" if 0 < abs(value) < 0.0005 else f"{value:.3f}"  # noqa: PLR2004 - rounds to 0.000


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
