"""The metric against a slow definition on random cases, in one process, two and three."""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import distributed, multiprocessing

from reid.errors import InputError
from reid.metrics import ReIDMetric
from reid.ranking import AveragePrecision, Distance, Ties

Rows = NDArray[np.float32]
Clips = list[tuple[int, int]]  # tracklet and part
Flaw = Literal["", "lack an embedding of a clip", "had only some of their clips repeated"]
WORLDS = (1, 2, 3)


class Case(NamedTuple):
    """An evaluation of a few tracklets."""

    person: list[int]
    camera: list[int]
    clips: list[Rows]  # of each tracklet [parts,D]
    query: list[int]
    gallery: list[int]
    distance: Distance
    average_precision: AveragePrecision
    ties: Ties


@cache
def case_of(number: int) -> Case:
    """The case of that number, whose order a rounding error does not decide."""
    chance = np.random.default_rng(number)
    while True:
        case = draw(chance)
        if all(apart(distances_of(case, query)) for query in case.query):
            return case


def draw(chance: np.random.Generator) -> Case:
    """Few people under few cameras; in most cases several tracklets are in the very same place.

    Those have Euclidean distances and galleries of 1, 2, 4 or 8, whose mean is exact in float32: else the last bit of a
    product may depend on the column that it stands in, and so does whether two of them are equal.
    """
    count, width = int(chance.integers(2, 13)), int(chance.integers(2, 5))
    asked = 1 + int(chance.integers(min(4, count)))
    shared = bool(chance.random() < 0.6)
    offered = count if chance.random() < 0.7 else 1 + int(chance.integers(count))
    offered = 2 ** int(math.log2(offered)) if shared else offered
    return Case(
        chance.integers(chance.integers(1, 5), size=count).tolist(),
        chance.integers(chance.choice([1, 2, 3, 3]), size=count).tolist(),
        shared_places(chance, count, width) if shared else scattered(chance, count, width),
        chance.permutation(count)[:asked].tolist(),
        chance.permutation(count)[:offered].tolist(),
        cast("Distance", "euclidean" if shared else chance.choice(["cosine", "euclidean"])),
        cast("AveragePrecision", chance.choice(["step", "trapezoid"])),
        cast("Ties", chance.choice(["pessimistic", "optimistic"])),
    )


def shared_places(chance: np.random.Generator, count: int, width: int) -> list[Rows]:
    """Tracklets at few places; the sums of their clips are exact in float32, in any order."""
    places = chance.integers(1, 25, (1 + chance.integers(count), width)) * chance.choice([-1, 1], width) / 8
    found = []
    for place in places[chance.integers(len(places), size=count)]:
        shift = chance.integers(-8, 9, (chance.choice([0, 1, 2]), width)) / 8
        found.append((place + np.concatenate([shift, -shift]) if len(shift) else place[None]).astype(np.float32))
    return found


def scattered(chance: np.random.Generator, count: int, width: int) -> list[Rows]:
    """One to five clips of any value for each tracklet."""
    return [chance.normal(size=(chance.integers(1, 6), width)).astype(np.float32) for _ in range(count)]


def distances_of(case: Case, query: int) -> list[float]:
    """From a query to each gallery item, in float64."""
    found = []
    for item in case.gallery:
        first, second = (case.clips[index].astype(np.float64).mean(0) for index in (query, item))
        if case.distance == "cosine":
            first, second = first / math.sqrt((first**2).sum()), second / math.sqrt((second**2).sum())
        found.append(float(((first - second) ** 2).sum()))
    return found


def apart(distances: list[float]) -> bool:
    """Whether distances are the same or clearly different."""
    steps = np.diff(sorted(set(distances)))
    return bool((steps > 1e-4 * (1 + max(distances))).all())


def expected(case: Case) -> dict[str, float] | None:
    """Walk down the list of every query, as papers define the scores; None if no query has a true match."""
    averages, firsts, penalties, tied, excluded = [], [], [], 0, 0
    for query in case.query:
        person, camera = case.person[query], case.camera[query]
        items = []
        for item, distance in zip(case.gallery, distances_of(case, query), strict=True):
            match = case.person[item] == person
            if match and case.camera[item] == camera:
                excluded += 1
            else:
                items.append((distance, match == (case.ties == "pessimistic"), match))
        places = [place for place, (*_, match) in enumerate(sorted(items), 1) if match]
        tied += bool({item[0] for item in items if item[2]} & {item[0] for item in items if not item[2]})
        if places:
            precisions = []
            for hits, place in enumerate(places, 1):
                before = 1.0 if place == 1 else (hits - 1) / (place - 1)
                precisions.append(hits / place if case.average_precision == "step" else (before + hits / place) / 2)
            averages.append(sum(precisions) / len(precisions))
            firsts.append(places[0])
            penalties.append(len(places) / places[-1])
    if not averages:
        return None
    return {
        "mAP": float(np.mean(averages)),
        **{f"CMC-{k}": float(np.mean([first <= k for first in firsts])) for k in (1, 5, 10, 20)},
        "mINP": float(np.mean(penalties)),
        "queries": len(averages),
        "queries_dropped": len(case.query) - len(averages),
        "gallery": len(case.gallery),
        "excluded_pairs": excluded,
        "tied_queries": tied,
    }


def shares_of(number: int, world: int) -> tuple[list[Clips], Flaw]:
    """What each process sees: uneven shares, at times nothing, repeated clips, padding; and what is wrong with it."""
    case, chance = case_of(number), np.random.default_rng([number, world])
    workers = world - int(world > 1 and chance.random() < 0.3)
    everywhere = set(np.flatnonzero(chance.random(len(case.clips)) < 0.15).tolist())
    shares: list[Clips] = [[] for _ in range(world)]
    for tracklet, rows in enumerate(case.clips):
        for part in range(len(rows)):
            for process in range(world) if tracklet in everywhere else [int(chance.integers(workers))]:
                shares[process] += [(tracklet, part)] * int(chance.choice([1, 1, 1, 2]))
    for share in shares:
        chance.shuffle(share)
    return shares, spoil(shares, case, everywhere, chance)


def spoil(shares: list[Clips], case: Case, everywhere: set[int], chance: np.random.Generator) -> Flaw:
    """Now and then leave a clip out, or show it in one more process though others of its tracklet are in one only."""
    tracklet, luck = int(chance.integers(len(case.clips))), chance.random()
    if luck < 0.05:
        for share in shares:
            share[:] = [clip for clip in share if clip != (tracklet, 0)]
        return "lack an embedding of a clip"
    if luck < 0.1 and len(shares) > 1 and len(case.clips[tracklet]) > 1 and tracklet not in everywhere:
        next(share for share in shares if (tracklet, 0) not in share).append((tracklet, 0))
        return "had only some of their clips repeated"
    return ""


def evaluate(number: int, process: int, world: int) -> dict[str, Any]:
    """Evaluate the share of one process."""
    case = case_of(number)
    lengths = [len(rows) for rows in case.clips]
    width = case.clips[0].shape[1]
    metric = ReIDMetric(
        *case[:2], case.query, case.gallery, lengths, width, case.distance, case.average_precision, case.ties
    )
    shown, size = shares_of(number, world)[0][process], 1 + number % 5
    for start in range(0, len(shown), size):
        some = shown[start : start + size]
        embedding = torch.from_numpy(np.stack([case.clips[tracklet][part] for tracklet, part in some]))
        metric.update(embedding, *torch.tensor(some).T)
    try:
        return dict(metric.compute().summary())
    except InputError as error:
        return {"error": str(error)}


def work(process: int, folder: Path, cases: range) -> None:
    """Evaluate all cases as one of one, two and three processes."""
    torch.set_num_threads(1)  # threads of the parent do not survive a fork
    for world in WORLDS[process:]:
        address = f"file://{folder}/meet-{world}"
        distributed.init_process_group("gloo", init_method=address, rank=process, world_size=world)
        found = [evaluate(number, process, world) for number in cases]
        (folder / f"{world}-{process}.json").write_text(json.dumps(found))
        distributed.destroy_process_group()


def check(number: int, world: int, found: dict[str, Any]) -> None:
    """Compare what one process found with the definition."""
    flaw, scores = shares_of(number, world)[1], expected(case_of(number))
    if flaw:
        assert flaw in found["error"], (number, world)
    elif scores is None:
        assert found["error"].startswith("no query has a true match"), (number, world)
    else:
        assert found == pytest.approx(scores, rel=0, abs=1e-12), (number, world)


@pytest.mark.ddp
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning", "ignore:The ``compute`` method:UserWarning")
@pytest.mark.parametrize("cases", [range(60), pytest.param(range(60, 1100), marks=pytest.mark.slow)], ids=str)
def test_one_two_and_three_processes_follow_the_definition(tmp_path: Path, cases: range) -> None:
    multiprocessing.start_processes(work, (tmp_path, cases), nprocs=3, start_method="fork")  # type: ignore[no-untyped-call,attr-defined]
    for world in WORLDS:
        for process in range(world):
            results = json.loads((tmp_path / f"{world}-{process}.json").read_text())
            for number, found in zip(cases, results, strict=True):
                check(number, world, found)


def test_the_cases_are_of_every_kind() -> None:
    """The first sixty, which every run of the tests goes through."""
    cases = [case_of(number) for number in range(60)]
    scores = [expected(case) for case in cases]
    shares = [shares_of(number, world) for number in range(60) for world in WORLDS]
    assert sum(each is None for each in scores) >= 3  # people under one camera only
    assert sum(bool(each and each["tied_queries"]) for each in scores) >= 10
    assert sum(bool(each and each["excluded_pairs"]) for each in scores) >= 10
    assert sum(len(case.gallery) <= 2 for case in cases) >= 5
    assert sum(not share for parts, _ in shares for share in parts) >= 10  # processes that see nothing
    assert {flaw for _, flaw in shares} == {"", "lack an embedding of a clip", "had only some of their clips repeated"}
