"""The people of a list of tracklets: dividing them, asking for them, and numbering them apart from others."""

from collections.abc import Collection, Sequence

import torch

from reid.errors import InputError
from reid.types import Tracklet


def divided(tracklets: Sequence[Tracklet], count: int, seed: int) -> tuple[list[Tracklet], list[Tracklet]]:
    """Draw `count` of the persons by a seed; returns their tracklets, and those of all others."""
    persons = sorted({tracklet.person for tracklet in tracklets})
    order = torch.randperm(len(persons), generator=torch.Generator().manual_seed(seed)).tolist()
    drawn = {persons[place] for place in order[:count]}
    return (
        [tracklet for tracklet in tracklets if tracklet.person in drawn],
        [tracklet for tracklet in tracklets if tracklet.person not in drawn],
    )


def hold_out(tracklets: Sequence[Tracklet], share: float, seed: int) -> tuple[list[Tracklet], list[Tracklet]]:
    """Take a share of the persons out of a training list.

    Args:
        tracklets: of the training people.
        share: of the persons, from 0 to below 1. Above 0 two are held out at least (one alone would always be ranked
            right), but somebody is left.
        seed: which persons; the same seed and persons give the same choice.

    Returns:
        The tracklets that still train, and those of the people held out, both in their old order.

    Raises:
        InputError: the share is out of range.

    >>> from pathlib import Path
    >>> people = [Tracklet(Path(), ("1.jpg",), person, 1, str(person)) for person in range(1, 11)]
    >>> left, held = hold_out(people, 0.2, seed=0)
    >>> len(left), [tracklet.person for tracklet in held]
    (8, [2, 5])
    """
    if not 0 <= share < 1:
        raise InputError(f"val_identities: {share:g} given, expected a share of the people, 0 or more and less than 1")
    if not share:
        return list(tracklets), []
    persons = len({tracklet.person for tracklet in tracklets})
    held, left = divided(tracklets, min(max(round(share * persons), 2), max(persons - 1, 0)), seed)
    return left, held


def first_of_each(tracklets: Sequence[Tracklet]) -> list[Tracklet]:
    """The first tracklet of each person under each camera, as queries are chosen in MARS."""
    first: dict[tuple[int, int], Tracklet] = {}
    for tracklet in tracklets:
        first.setdefault((tracklet.person, tracklet.camera), tracklet)
    return list(first.values())


def offset(numbers: Collection[int]) -> int:
    """A power of ten above all of these numbers: added to the numbers of others, it tells them apart.

    >>> offset([3, 1501]), offset([9]), offset([])
    (10000, 10, 10)
    """
    return int(10 ** len(str(max(numbers, default=0))))
