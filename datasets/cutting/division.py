"""Who trains, who is asked for, who is ranked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from datasets.cutting.plan import Piece, Plan
from reid.errors import InputError


@dataclass(frozen=True)
class Division:
    """Who trains, who is asked for.

    Attributes:
        test_share: share of the persons that test, above 0 to 1; the others train. Persons that can be found (under
            another camera) and others are drawn apart, so that both sides have some of each.
        query: which tracklets of a person under a camera ask: the first, one drawn by the seed, or all. All tracklets
            of the persons that test are ranked, as in MARS.
        seed: of the draws.

    Raises:
        InputError: a number is out of range.
    """

    test_share: float = 0.5
    query: Literal["first", "random", "all"] = "first"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 0 < self.test_share <= 1:
            raise InputError(f"--test_share {self.test_share:g}: expected a share above 0, at most 1")


def divide(plan: Plan, division: Division) -> list[tuple[str, Piece]]:
    """Give each tracklet its side: "train", or "gallery" and perhaps "query" as well."""
    testing = _testing(plan, division)
    queries = _queries(plan, division, testing)
    rows: list[tuple[str, Piece]] = []
    for place, piece in enumerate(plan.pieces):
        if place in queries:
            rows.append(("query", piece))
        rows.append(("gallery" if piece.person in testing else "train", piece))
    return rows


def can_be_found(plan: Plan) -> set[str]:
    """Persons with two tracklets that may match: under two cameras, or any two where cameras do not count."""
    places: dict[str, set[str]] = {}
    for piece in plan.pieces:
        places.setdefault(piece.person, set()).add(piece.camera if plan.by_camera else piece.name)
    return {person for person, seen in places.items() if len(seen) > 1} - _distractors(plan)


def _distractors(plan: Plan) -> set[str]:
    """Who is called 0, where all are called by numbers: ranked, but never asked for (see `datasets.folder.numbers`)."""
    people = {piece.person for piece in plan.pieces}
    return {person for person in people if not int(person)} if all(map(str.isdecimal, people)) else set()


def _testing(plan: Plan, division: Division) -> set[str]:
    """The persons that test: a share of those that can be found, one at least, and of the others."""
    generator = np.random.default_rng(division.seed)
    found, never = can_be_found(plan), _distractors(plan)
    drawn: set[str] = set()
    for group in (sorted(found), sorted({piece.person for piece in plan.pieces} - found - never)):
        count = round(division.test_share * len(group))
        at_least = max(count, 1) if group and group[0] in found else count
        drawn |= {group[place] for place in generator.permutation(len(group))[:at_least]}
    return drawn | never


def _queries(plan: Plan, division: Division, testing: set[str]) -> set[int]:
    """Places of the tracklets that ask."""
    generator = np.random.default_rng([division.seed, 1])
    groups: dict[tuple[str, str], list[int]] = {}
    asked = testing - _distractors(plan)
    for place, piece in enumerate(plan.pieces):
        if piece.person in asked:
            camera = piece.camera if plan.by_camera else piece.name
            groups.setdefault((piece.person, camera), []).append(place)
    return {place for group in groups.values() for place in _chosen(group, division, generator)}


def _chosen(group: Sequence[int], division: Division, generator: np.random.Generator) -> Sequence[int]:
    """The tracklets of a person under a camera that ask."""
    if division.query == "all":
        return group
    return [group[0] if division.query == "first" else group[int(generator.integers(len(group)))]]
