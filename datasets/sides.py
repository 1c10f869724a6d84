"""Which side of a benchmark an evaluation looks at: its test people, or training people that were held out."""

import os
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from datasets.base import Benchmark
from datasets.people import first_of_each
from datasets.sampling import FrameSampling
from reid.errors import InputError
from reid.protocol import Evaluation, index_tracklets
from reid.types import Tracklet

_FEWEST: Final = 2
"""One person alone is always ranked right."""


class Side(NamedTuple):
    """Whom an evaluation asks for, and among whom."""

    name: str
    """What results call it: "test side", or "62 held-out training people"."""
    protocol: str
    query: Sequence[Tracklet]
    gallery: Sequence[Tracklet]
    expected: Mapping[str, int]
    """Published counts of this side."""


def side_of_test(benchmark: Benchmark) -> Side:
    """The people that papers report on."""
    return Side("test side", benchmark.protocol, benchmark.query, benchmark.gallery, benchmark.expected)


def side_of_validation(held_out: Sequence[Tracklet], seed: int) -> Side:
    """People that were taken out of the training: each first one under a camera asks, and all are ranked.

    Args:
        held_out: their tracklets.
        seed: by which they were drawn; results name it.

    Raises:
        InputError: there are fewer than two, or none of them is under two cameras, so that no query has a match.
    """
    persons = len({tracklet.person for tracklet in held_out})
    if persons < _FEWEST:
        raise InputError(
            f"val_identities: {persons} of the training people could be held out, at least {_FEWEST} are needed to be "
            "ranked: give 0, or a benchmark with more training people"
        )
    query = first_of_each(held_out)
    if len(query) == persons:
        raise InputError(
            f"val_identities: none of the {persons} held-out training people is under two cameras, so no query has a "
            "match: hold out more of them, or others by another val_seed"
        )
    name = f"{persons} held-out training people"
    return Side(name, f"validation: {name} (val_seed {seed})", query, held_out, {})


def evaluation_of(side: Side, benchmark: Benchmark, sampling: FrameSampling) -> Evaluation:
    """Number the tracklets of a side, and say what is evaluated. No file is touched.

    Args:
        side: whom is asked for and who is ranked.
        benchmark: that the side belongs to.
        sampling: which frames of a tracklet are evaluated.
    """
    tracklets, query, gallery = index_tracklets(side.query, side.gallery)
    return Evaluation(
        benchmark=type(benchmark).__name__,
        protocol=side.protocol,
        tracklets=tracklets,
        query=query,
        gallery=gallery,
        clips=[sampling.clips(len(tracklet)) for tracklet in tracklets],
        expected=side.expected,
        root=os.path.commonpath([tracklet.folder.parent for tracklet in tracklets]),
        sampling=f"{type(sampling).__name__}({sampling.frames}), {side.name}",
    )
