"""What stands first in the ranking of a query, and whether it is right."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from torch import Tensor

from reid.distances import Rows
from reid.labels import Labels, compare
from reid.ranking import Ranking

Verdict = Literal["right", "wrong", "junk"]
"""The person asked for under another camera, somebody else, or the person under the same camera, who does not count."""


class Place(NamedTuple):
    """A gallery item in a ranking."""

    item: int
    """Its index in the gallery."""
    distance: float
    verdict: Verdict
    rank: int | None
    """1-based; None for junk."""


def first_places(
    distances: Tensor | Rows, query: Labels, gallery: Labels, asked: int, count: int, own: int | None = None
) -> list[Place]:
    """List what stands first for one query, in the order of the distances, equal ones in the order of the gallery.

    Args:
        distances: [Q,G] smaller for a better match.
        query: labels of the queries.
        gallery: labels of the gallery.
        asked: which query.
        count: how many places that count are listed. Junk among them is listed too, at most as many.
        own: where the gallery holds the query itself, which is left out.

    >>> import torch
    >>> labels = Labels(person=torch.tensor([1, 1, 2, 1]), camera=torch.tensor([0, 0, 1, 1]))
    >>> distances = torch.tensor([[0.0, 0.1, 0.2, 0.3]])
    >>> for place in first_places(distances, Labels(*(side[:1] for side in labels)), labels, 0, count=2, own=0):
    ...     print(place.item, place.verdict, place.rank)
    1 junk None
    2 wrong 1
    3 right 2
    """
    row = slice(asked, asked + 1)
    one = next(compare(distances[row], Labels(*(side[row] for side in query)), gallery))
    match, wrong, distance = one.match[0].tolist(), one.wrong[0].tolist(), one.distance[0].tolist()
    places: list[Place] = []
    ranked = junk = 0
    for item in one.distance[0].argsort(stable=True).tolist():
        if ranked == count:
            break
        if match[item] or wrong[item]:
            ranked += 1
            places.append(Place(item, distance[item], "right" if match[item] else "wrong", ranked))
        elif item != own and junk < count:
            junk += 1
            places.append(Place(item, distance[item], "junk", None))
    return places


def choose(ranking: Ranking, count: int) -> Sequence[int]:
    """Choose queries to look at: half of them ranked worst, the others spread evenly; in the order of the queries.

    >>> import torch
    >>> from math import nan
    >>> rows = torch.tensor([0.9, 0.2, nan, 0.8, 0.7, 0.1]), torch.tensor([0, 3, -1, 0, 0, 5])
    >>> ranking = Ranking(*rows, rows[0], torch.zeros(6) > 0, gallery=9, excluded_pairs=0, positives=5)
    >>> choose(ranking, 4)
    [0, 1, 3, 5]
    """
    valid = ranking.valid.nonzero()[:, 0].tolist()
    by_score = sorted(valid, key=ranking.average_precision.tolist().__getitem__)
    worst = by_score[: count // 2]
    others = [place for place in valid if place not in set(worst)]
    wanted = min(count - len(worst), len(others))
    spread = [others[place * len(others) // wanted] for place in range(wanted)]
    return sorted([*worst, *spread])
