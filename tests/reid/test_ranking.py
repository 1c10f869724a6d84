"""Ranking against a definition in loops, other libraries, numbers computed by hand and the published counts of MARS."""

import math
import os
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io.matlab import loadmat
from sklearn.metrics import average_precision_score
from torch import Tensor
from torchmetrics.retrieval import RetrievalMAP

from reid.distances import Distances
from reid.errors import InputError
from reid.ranking import AveragePrecision, Distance, Labels, Ranking, Ties, nearest, rank, rank_distances

DATA = os.environ.get("REIDLENS_DATA", "")
MATCHES = {  # places of the true matches: average precision, trapezoid, inverse penalty
    (1, 3): (5 / 6, 19 / 24, 2 / 3),
    (2,): (0.5, 0.25, 0.5),
    (3, 4, 6): (4 / 9, 0.344444, 0.5),
    (1,): (1.0, 1.0, 1.0),
    (1, 2, 3): (1.0, 1.0, 1.0),
}


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def labels(person: list[int], camera: list[int] | int) -> Labels:
    cameras = [camera] * len(person) if isinstance(camera, int) else camera
    return Labels(torch.tensor(person, dtype=torch.long), torch.tensor(cameras, dtype=torch.long))


def one_query(matches: list[bool], distances: list[float], **options: str) -> Ranking:
    """Rank for one query, person 1 under camera 0; what is no match is person 2."""
    gallery = labels([1 if match else 2 for match in matches], 1)
    return rank_distances(torch.tensor([distances]), labels([1], 0), gallery, **options)  # type: ignore[arg-type]


def by_loops(
    distances: Tensor, query: Labels, gallery: Labels, average_precision: AveragePrecision, ties: Ties
) -> list[tuple[float, int, float]]:
    """Sort the gallery of each query and walk down the list: average precision, first rank, inverse penalty."""
    found = []
    for row, person, camera in zip(distances.tolist(), *(part.tolist() for part in query), strict=True):
        items = [
            (distance, (other == person) == (ties == "pessimistic"), other == person)
            for distance, other, where in zip(row, *(part.tolist() for part in gallery), strict=True)
            if (other, where) != (person, camera)
        ]
        places = [place for place, (*_, match) in enumerate(sorted(items), 1) if match]
        precisions = []
        for hits, place in enumerate(places, 1):
            before = (hits - 1) / (place - 1) if place > 1 else 1.0
            precisions.append(hits / place if average_precision == "step" else (before + hits / place) / 2)
        average = sum(precisions) / len(places) if places else math.nan
        found.append((average, places[0] - 1 if places else -1, len(places) / places[-1] if places else math.nan))
    return found


@st.composite
def rankings(draw: st.DrawFn) -> tuple[Tensor, Labels, Labels]:
    """Distances with many ties, people with one or no camera, and strangers."""
    queries, size = draw(st.integers(1, 4)), draw(st.integers(0, 12))
    steps = draw(st.sampled_from([2, 5, 1000]))
    people, cameras = st.integers(0, draw(st.integers(0, 4))), st.integers(0, draw(st.integers(0, 2)))

    def side(count: int) -> Labels:
        person, camera = (draw(st.lists(choice, min_size=count, max_size=count)) for choice in (people, cameras))
        return labels(person, camera)

    values = draw(st.lists(st.integers(0, steps), min_size=queries * size, max_size=queries * size))
    return torch.tensor(values, dtype=torch.float64).view(queries, size) / 8, side(queries), side(size)


@settings(deadline=None, max_examples=1000)
@given(case=rankings(), average_precision=st.sampled_from(["step", "trapezoid"]), chunk=st.sampled_from([1, 2, 512]))
def test_equals_the_definition_in_loops(
    case: tuple[Tensor, Labels, Labels], average_precision: AveragePrecision, chunk: int
) -> None:
    bounds = []
    for ties in ("pessimistic", "optimistic"):
        found = rank_distances(*case, average_precision=average_precision, ties=ties, chunk=chunk)
        expected = by_loops(*case, average_precision, ties)
        scores = (found.average_precision.tolist(), found.first_rank.tolist(), found.inverse_penalty.tolist())
        for row, true in zip(zip(*scores, strict=True), expected, strict=True):
            assert row == pytest.approx(true, abs=1e-12, nan_ok=True)
        bounds.append(expected)
    assert found.valid.tolist() == [first >= 0 for _, first, _ in bounds[0]]
    distances, query, gallery = case
    same = query.person[:, None] == gallery.person
    elsewhere = query.camera[:, None] != gallery.camera
    assert (found.gallery, found.positives) == (distances.shape[1], int((same & elsewhere).sum()))
    assert found.excluded_pairs == int((same & ~elsewhere).sum())
    tied = (distances[:, :, None] == distances[:, None]) & (same & elsewhere)[:, :, None] & ~same[:, None]
    assert found.tied.tolist() == tied.flatten(1).any(1).tolist()


@pytest.mark.parametrize(("places", "scores"), MATCHES.items(), ids=map(str, MATCHES))
def test_numbers_computed_by_hand(places: tuple[int, ...], scores: tuple[float, float, float]) -> None:
    matches = [place in places for place in range(1, 8)]
    step, trapezoid = (one_query(matches, [*range(7)], average_precision=which) for which in ("step", "trapezoid"))
    assert step.mean_average_precision == pytest.approx(scores[0])
    assert trapezoid.mean_average_precision == pytest.approx(scores[1], abs=1e-6)
    assert step.mean_inverse_penalty == trapezoid.mean_inverse_penalty == pytest.approx(scores[2])
    assert [step.cmc(k) for k in range(1, 8)] == [float(k >= places[0]) for k in range(1, 8)]


def test_an_item_of_the_same_camera_does_not_count() -> None:
    similarity = torch.tensor([[0.95, 0.9, 0.8, 0.7, 0.6]])
    ranking = rank_distances(-similarity, labels([1], 0), labels([1, 2, 1, 3, 1], [0, 1, 1, 1, 1]))
    assert ranking.mean_average_precision == 0.5
    assert [ranking.cmc(k) for k in range(1, 6)] == [0, 1, 1, 1, 1]
    assert (ranking.excluded_pairs, ranking.positives) == (1, 2)


@pytest.mark.parametrize(("ties", "expected"), [("pessimistic", 0.416667), ("optimistic", 1.0)])
def test_ties(ties: Ties, expected: float) -> None:
    matches = [True, False, False, True]
    apart, equal = (one_query(matches, distances, ties=ties) for distances in ([0, 1, 2, 3.0], [1.0] * 4))
    assert apart.mean_average_precision == 0.75
    assert equal.mean_average_precision == pytest.approx(expected, abs=1e-6)
    assert (apart.summary()["tied_queries"], equal.summary()["tied_queries"]) == (0, 1)


def test_infinite_distances_rank_last_and_tie_only_with_each_other() -> None:
    ranking = one_query([True, False, True, False], [1.0, math.inf, 2.0, math.inf])
    assert (ranking.mean_average_precision, ranking.summary()["tied_queries"]) == (1.0, 0)
    assert one_query([True, False], [math.inf, math.inf]).summary()["tied_queries"] == 1


def market(seed: int = 0, people: int = 12, size: int = 200) -> tuple[Tensor, Tensor, Labels, Labels]:
    """Embeddings of people seen by three cameras, as noise around a place each."""
    draw = torch.Generator().manual_seed(seed)
    person = torch.randint(people, (size + 30,), generator=draw)
    both = Labels(person, torch.randint(3, (size + 30,), generator=draw))
    embedding = noise(people, 8, seed=seed)[person] + noise(size + 30, 8, seed=seed + 1)
    query, gallery = (Labels(*(part[rows] for part in both)) for rows in (slice(30), slice(30, None)))
    return embedding[:30], embedding[30:], query, gallery


def same_scores(first: Ranking, second: Ranking) -> None:
    torch.testing.assert_close(first.average_precision, second.average_precision, rtol=1e-12, atol=0, equal_nan=True)
    assert torch.equal(first.first_rank, second.first_rank)
    torch.testing.assert_close(first.inverse_penalty, second.inverse_penalty, rtol=1e-12, atol=0, equal_nan=True)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_equals_scikit_learn_and_torchmetrics(distance: Distance) -> None:
    query, gallery, asked, offered = market()
    ranking = rank(query, gallery, asked, offered, distance)
    matrix = Distances(query, gallery, distance)[0:30]
    same = asked.person[:, None] == offered.person
    kept = ~same | (asked.camera[:, None] != offered.camera)
    for row, counts, match, average in zip(matrix, kept, same, ranking.average_precision, strict=True):
        expected = average_precision_score(match[counts].numpy(), -row[counts].numpy())
        assert average.item() == pytest.approx(expected, abs=1e-12)
    rows = torch.arange(30)[:, None].expand_as(kept)
    other = RetrievalMAP()(100 - matrix[kept], same[kept], rows[kept])  # scores of 0 and below would be dropped
    assert ranking.mean_average_precision == pytest.approx(other.item(), abs=1e-6)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_distances_follow_their_definition(distance: Distance) -> None:
    query, gallery, *_ = market()
    sides = (
        (query, gallery)
        if distance == "euclidean"
        else [side / side.norm(dim=1, keepdim=True) for side in (query, gallery)]
    )
    expected = torch.stack([(side - sides[1]).square().sum(1) for side in sides[0]])
    distances = Distances(query, gallery, distance)
    assert distances.shape == expected.shape
    torch.testing.assert_close(torch.cat([distances[0:7], distances[7:40]]), expected)


def test_every_chunk_size_gives_the_same() -> None:
    query, gallery, asked, offered = market()
    rankings = [rank(query, gallery, asked, offered, chunk=chunk) for chunk in (1, 7, 30, 512)]
    for ranking in rankings:
        same_scores(ranking, rankings[0])
        assert ranking.summary() == pytest.approx(rankings[0].summary())


def test_invariants() -> None:
    query, gallery, asked, offered = market()
    ranking = rank(query, gallery, asked, offered)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0))
    same_scores(ranking, rank(query, gallery[order], asked, Labels(*(part[order] for part in offered))))
    matrix = Distances(query, gallery)[0:30]
    same_scores(ranking, rank_distances(matrix.exp() * 5 - 3, asked, offered))
    own = Labels(*(torch.cat(parts) for parts in zip(offered, asked, strict=True)))
    of_one = slice(4, 5)
    one = Labels(*(part[of_one] for part in asked))
    lone = rank(query[of_one], gallery, one, offered)
    with_itself = rank(query[of_one], torch.cat([gallery, query]), one, own)
    assert with_itself.excluded_pairs >= lone.excluded_pairs + 1
    with_junk = Labels(*(torch.cat([part, extra[of_one]]) for part, extra in zip(offered, asked, strict=True)))
    same_scores(lone, rank(query[of_one], torch.cat([gallery, query[of_one]]), one, with_junk))


def test_one_match_each_makes_all_means_one() -> None:
    query, gallery = noise(40, 4), noise(40, 4, seed=1)
    ranking = rank(query, gallery, labels([*range(40)], 0), labels([*range(40)], 1))
    reciprocal = (1 / (1 + ranking.first_rank)).mean().item()
    assert ranking.mean_average_precision == pytest.approx(reciprocal)
    assert ranking.mean_inverse_penalty == pytest.approx(reciprocal)


def test_a_collapsed_model_finds_nobody() -> None:
    asked, offered = labels([*range(9)], 0), labels([*range(9)], 1)
    ranking = rank(torch.ones(9, 8), torch.ones(9, 8), asked, offered)
    assert ranking.cmc(1) == 0
    assert ranking.mean_average_precision == pytest.approx(1 / 9)
    assert ranking.summary()["tied_queries"] == 9
    assert rank(torch.ones(9, 8), torch.ones(9, 8), asked, offered, ties="optimistic").cmc(1) == 1


@pytest.mark.parametrize("spread", [1e-3, 1e-4])
def test_close_embeddings_find_the_true_neighbour(spread: float) -> None:
    """Without moving both sides to the mean, float32 keeps some twenty of 2000 distances apart."""
    place = noise(1, 256)
    cloud = place / place.norm() + spread * noise(550, 256, seed=1) / 16
    query, gallery = cloud[:50], cloud[50:]
    exact = torch.stack([(row - gallery).square().sum(1) for row in query])
    asked, offered = labels([0] * 50, 0), labels([1] * 500, 1)
    found = nearest(query.float(), gallery.float(), asked, offered, count=1, distance="euclidean")
    assert torch.equal(found[:, 0], exact.argmin(1))


def test_half_precision_is_raised_even_under_autocast() -> None:
    query, gallery, asked, offered = market()
    plain = rank(query.bfloat16().float(), gallery.bfloat16().float(), asked, offered)
    before = torch.get_float32_matmul_precision()
    with torch.autocast("cpu", torch.bfloat16):
        same_scores(plain, rank(query.bfloat16(), gallery.bfloat16(), asked, offered))
    torch.set_float32_matmul_precision("medium")
    try:
        same_scores(plain, rank(query.bfloat16(), gallery.bfloat16(), asked, offered))
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


def test_nearest_is_the_stable_order_without_the_same_camera() -> None:
    positions = torch.tensor([[1.0], [2.0], [1.0], [3.0], [0.0]])
    asked, offered = labels([7, 8], 0), labels([7, 7, 9, 8, 7], [1, 0, 1, 1, 0])
    found = nearest(torch.zeros(2, 1), positions, asked, offered, count=6, distance="euclidean")
    assert found.tolist() == [[0, 2, 3, -1, -1, -1], [4, 0, 2, 1, 3, -1]]
    chunks = nearest(torch.zeros(2, 1), positions, asked, offered, count=2, distance="euclidean", chunk=1)
    assert chunks.tolist() == [[0, 2], [4, 0]]


def test_the_summary_has_every_count() -> None:
    asked, offered = labels([1, 2, 5], [0, 0, 0]), labels([1, 2, 2, 3], [0, 1, 1, 1])
    ranking = rank_distances(torch.tensor([[0.0, 1, 2, 3]] * 3), asked, offered)
    assert ranking.summary() == {
        "mAP": pytest.approx(7 / 12),
        "CMC-1": 0.0,
        "CMC-5": 1.0,
        "CMC-10": 1.0,
        "CMC-20": 1.0,
        "mINP": pytest.approx(2 / 3),
        "queries": 1,
        "queries_dropped": 2,
        "gallery": 4,
        "excluded_pairs": 1,
        "tied_queries": 0,
    }
    assert {type(score) for score in ranking.summary().values()} == {float, int}


def test_without_a_true_match_there_is_no_score() -> None:
    ranking = rank(noise(2, 3), noise(4, 3), labels([1, 2], 0), labels([1, 2, 3, 4], 0))
    assert ranking.valid.tolist() == [False, False]
    assert ranking.excluded_pairs == 2
    for score in (ranking.summary, lambda: ranking.mean_average_precision, lambda: ranking.cmc(1)):
        with pytest.raises(
            InputError, match=r"no query has a true match .* under another camera \(2 queries, 4 gallery"
        ):
            score()


@pytest.mark.parametrize(("queries", "size"), [(0, 3), (2, 0), (0, 0)])
def test_an_empty_side_has_no_score(queries: int, size: int) -> None:
    ranking = rank(noise(queries, 3), noise(size, 3), labels([1] * queries, 0), labels([1] * size, 1))
    assert ranking.average_precision.shape == (queries,)
    assert (ranking.gallery, ranking.positives) == (size, 0)
    with pytest.raises(InputError):
        ranking.summary()
    found = nearest(noise(queries, 3), noise(size, 3), labels([1] * queries, 0), labels([1] * size, 1), count=2)
    assert found.shape == (queries, 2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", ["query", "gallery"])
def test_embeddings_that_are_not_finite_are_refused(value: float, side: str) -> None:
    sides = {"query": noise(5, 3), "gallery": noise(2000, 3)}
    sides[side][3, 1] = sides[side][4, 2] = value
    with pytest.raises(InputError, match=rf"^2 of (5|2,000) {side} embeddings are not finite \(the first: 3, 4\)"):
        rank(sides["query"], sides["gallery"], labels([1] * 5, 0), labels([1] * 2000, 1))


def test_distances_that_overflow_are_refused() -> None:
    with pytest.raises(InputError, match="too large"):
        one_query([True, False], [math.nan, 1.0])
    with pytest.raises(InputError, match="too large"):
        rank(torch.full((1, 2), 3e38), -torch.full((2, 2), 3e38), labels([1], 0), labels([1, 2], 1), "euclidean")


@pytest.mark.parametrize("short", range(4))
def test_labels_of_another_length_are_refused(short: int) -> None:
    parts = [
        part[: len(part) - (place == short)] for place, part in enumerate([*labels([1] * 3, 0), *labels([1] * 4, 1)])
    ]
    with pytest.raises(ValueError, match=r"persons and cameras number \[.*\] for distances \(3, 4\)"):
        rank(noise(3, 2), noise(4, 2), Labels(*parts[:2]), Labels(*parts[2:]))


def test_arguments_are_left_alone() -> None:
    query, gallery, asked, offered = market()
    matrix = Distances(query, gallery)[0:30]
    given_tensors = [query, gallery, *asked, *offered, matrix]
    copies = [tensor.clone() for tensor in given_tensors]
    rank(query, gallery, asked, offered)
    rank_distances(matrix, asked, offered, ties="optimistic")
    nearest(query, gallery, asked, offered, count=3)
    assert all(map(torch.equal, given_tensors, copies))


def test_a_matrix_of_any_layout_is_ranked() -> None:
    query, gallery, asked, offered = market()
    matrix = Distances(query, gallery)[0:30]
    same_scores(rank_distances(matrix.T.contiguous().T, asked, offered), rank_distances(matrix, asked, offered))


def matlab(path: Path, name: str) -> Tensor:
    return torch.as_tensor(loadmat(path)[name].astype("int64"))  # type: ignore[no-untyped-call]


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="REIDLENS_DATA does not name a folder with mars_info/*.mat")
@pytest.mark.parametrize(
    ("queries_in_gallery", "counts"),
    [(True, (11_310, 1_980, 0, 8_046, 21_813)), (False, (9_330, 1_840, 140, 6_066, 16_761))],
    ids=["official", "no_query"],
)
def test_counts_of_mars(queries_in_gallery: bool, counts: tuple[int, ...]) -> None:
    folder = Path(DATA) / "mars_info"
    table = matlab(folder / "tracks_test_info.mat", "track_test_info")
    query = matlab(folder / "query_IDX.mat", "query_IDX")[0] - 1
    kept = table[:, 2] != -1
    if not queries_in_gallery:
        kept[query] = False
    both = Labels(table[:, 2], table[:, 3])
    asked, offered = (Labels(*(part[rows] for part in both)) for rows in (query, kept))
    ranking = rank(noise(len(query), 4), noise(int(kept.sum()), 4, seed=1), asked, offered)
    summary = ranking.summary()
    names = ("gallery", "queries", "queries_dropped", "excluded_pairs")
    assert (*(summary[name] for name in names), ranking.positives) == counts


def test_embeddings_whose_length_overflows_are_refused() -> None:
    """Scaled by 1/inf, all would be in one place, and every ranking a tie."""
    long = torch.randn(4, 8, generator=torch.Generator().manual_seed(0)) * 1e19
    with pytest.raises(InputError, match="too long to be normalised"):
        Distances(long, long)


def test_embeddings_with_a_graph_are_ranked() -> None:
    embeddings = noise(6, 4).requires_grad_()
    labels = Labels(torch.tensor([1, 1, 2, 2, 3, 3]), torch.arange(6))
    with_graph = rank(embeddings, embeddings, labels, labels)
    assert with_graph.summary() == rank(embeddings.detach(), embeddings.detach(), labels, labels).summary()


def test_matches_and_others_infinitely_far_away_are_tied() -> None:
    labels = Labels(torch.tensor([1, 2, 1, 2]), torch.tensor([1, 1, 1, 1]))
    asked = Labels(torch.tensor([1]), torch.tensor([0]))
    distances = torch.tensor([[0.0, 1.0, torch.inf, torch.inf]])
    last, first = (rank_distances(distances, asked, labels, ties=ties) for ties in ("pessimistic", "optimistic"))
    assert last.average_precision.item() == pytest.approx((1 + 2 / 4) / 2)
    assert first.average_precision.item() == pytest.approx((1 + 2 / 3) / 2)
    assert last.tied.item()
    assert first.tied.item()
