"""Re-ranking against the published definition in loops, numbers computed by hand, and what must not change."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reid.distances import Distances
from reid.errors import InputError
from reid.ranking import Labels, rank_distances
from reid.refinements.expansion import expand_queries
from reid.refinements.neighbours import find_neighbours
from reid.refinements.ragged import Ragged
from reid.refinements.rerank import KReciprocal, rerank, rerank_distances

POINTS = torch.tensor([[0.0], [1.0], [2.5], [10.0], [11.2], [13.0]], dtype=torch.float64)
HAND = {
    1: [0.008494, 0.033280, 0.877515, 0.922675, 1.0],
    2: [0.001775, 0.022276, 0.877515, 0.922675, 1.0],
}  # k2: final distances of point 0 to the others, k1 2


def by_loops(distances: list[list[float]], constants: KReciprocal) -> list[list[float]]:
    """Follow the published definition, one set and one dense row at a time."""
    k1, k2, share = constants.k1, constants.k2, constants.original
    everyone = range(len(distances))
    scaled = [[value / (max(row) or 1) for value in row] for row in distances]
    ranking = [sorted(everyone, key=row.__getitem__) for row in distances]  # sorted() is stable

    def reciprocal(item: int, k: int) -> set[int]:
        return {other for other in ranking[item][: k + 1] if item in ranking[other][: k + 1]}

    described = []
    for item in everyone:
        own = reciprocal(item, k1)
        expanded = set(own)
        for other in own:
            theirs = reciprocal(other, round(k1 / 2))
            if 3 * len(theirs & own) > 2 * len(theirs):
                expanded |= theirs
        total = sum(math.exp(-scaled[item][other]) for other in expanded)
        described.append([math.exp(-scaled[item][other]) / total if other in expanded else 0.0 for other in everyone])
    if k2 > 1:
        described = [
            [sum(described[other][column] for other in near[:k2]) / len(near[:k2]) for column in everyone]
            for near in ranking
        ]
    final = []
    for one, plain in zip(described, scaled, strict=True):
        shared = [sum(map(min, one, other)) for other in described]
        final.append([(1 - share) * (1 - m / (2 - m)) + share * far for m, far in zip(shared, plain, strict=True)])
    return final


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def crowd(people: int = 12, size: int = 150, seed: int = 0) -> Tensor:
    """Embeddings of people as noise around a place each."""
    person = torch.randint(people, (size,), generator=torch.Generator().manual_seed(seed))
    return noise(people, 8, seed=seed)[person] + 0.5 * noise(size, 8, seed=seed + 1)


def squared(points: Tensor) -> Tensor:
    return (points[:, None] - points).square().sum(2)


@st.composite
def positions(draw: st.DrawFn) -> Tensor:
    """A few items on a coarse grid, so that many are equal and many distances are tied; or one, or all in one place."""
    steps = draw(st.sampled_from([0, 1, 3, 40]))
    values = draw(st.lists(st.tuples(*[st.integers(0, steps)] * 2), min_size=1, max_size=14))
    return torch.tensor(values, dtype=torch.float64)


@st.composite
def constants(draw: st.DrawFn) -> KReciprocal:
    return KReciprocal(draw(st.integers(1, 7)), draw(st.integers(1, 4)), draw(st.sampled_from([0.0, 0.3, 1.0])))


@settings(max_examples=150)
@given(points=positions(), constants=constants(), chunk=st.sampled_from([1, 3, 512]), half=st.booleans())
def test_equals_the_definition_in_loops(points: Tensor, constants: KReciprocal, chunk: int, half: bool) -> None:
    distances = squared(points)  # whole numbers: exact in float32 too
    everyone = list(range(len(points)))
    found = rerank_distances(distances.float() if half else distances, everyone, everyone, constants, chunk)
    expected = torch.tensor(by_loops(distances.tolist(), constants), dtype=torch.float64)
    torch.testing.assert_close(found[0:99].double(), expected, rtol=0, atol=1e-6 if half else 1e-12)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("constants", [KReciprocal(), KReciprocal(50, 15), KReciprocal(5, 1, 0.0)], ids=str)
@pytest.mark.parametrize("kind", [torch.float32, torch.float64], ids=str)
def test_of_embeddings_equals_the_definition_in_loops(distance: str, constants: KReciprocal, kind: torch.dtype) -> None:
    embedding = crowd(size=90)
    points = embedding / embedding.norm(dim=1, keepdim=True) if distance == "cosine" else embedding
    expected = torch.tensor(by_loops(squared(points).tolist(), constants))
    query, gallery = torch.arange(0, 90, 7), torch.arange(89, 20, -1)
    found = rerank(embedding.to(kind), query, gallery, distance, constants, chunk=64)  # type: ignore[arg-type]
    assert found.shape == (len(query), len(gallery))
    assert found[0:1].dtype == kind
    torch.testing.assert_close(found[0:999].double(), expected[query][:, gallery].double(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("k2", HAND)
def test_numbers_computed_by_hand(k2: int) -> None:
    constants = KReciprocal(k1=2, k2=k2)
    assert by_loops(squared(POINTS).tolist(), constants)[0][1:] == pytest.approx(HAND[k2], abs=1e-6)
    for found in (
        rerank(POINTS, [0], [1, 2, 3, 4, 5], "euclidean", constants),
        rerank_distances(squared(POINTS), [0], [1, 2, 3, 4, 5], constants),
    ):
        assert found[0:1].flatten().tolist() == pytest.approx(HAND[k2], abs=1e-6)


def test_rows_do_not_depend_on_how_they_are_asked_for() -> None:
    found = rerank(crowd(), range(150), range(150), chunk=31)
    whole = found[0:150]
    torch.testing.assert_close(torch.cat([found[0:1], found[1:64], found[64:999]]), whole)
    assert found[0:0].shape == found[150:160].shape == (0, 150)
    assert found[0:1].data_ptr() != found[0:1].data_ptr()
    torch.testing.assert_close(found[0:150], whole)


def test_popular_items_change_nothing_but_the_number_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rerank(crowd(size=40), range(40), range(40))
    whole = found[0:40]
    monkeypatch.setattr("reid.refinements.rerank.BLOCK", 50)
    torch.testing.assert_close(found[0:40], whole)


def test_a_query_inside_the_gallery_is_one_item() -> None:
    """A copy of each query would be the nearest neighbour of it."""
    embedding = crowd(size=60)
    official = rerank(embedding, range(20), range(60))[0:20]
    assert official.diagonal().abs().max() < 1e-6
    copied = rerank(torch.cat([embedding, embedding[:20]]), range(60, 80), range(60))[0:20]
    assert (official - copied).abs().max() > 0.01


def test_invariants() -> None:
    embedding = crowd()
    found = rerank(embedding, range(30), range(150))[0:30]
    assert -1e-9 <= found.min() <= found.max() <= 1 + 1e-9
    everyone = list(range(150))
    plain = squared(embedding)
    torch.testing.assert_close(
        rerank_distances(plain, everyone, everyone)[0:150], rerank_distances(plain * 37, everyone, everyone)[0:150]
    )
    order = torch.randperm(150, generator=torch.Generator().manual_seed(3))
    place = order.argsort()
    torch.testing.assert_close(rerank(embedding[order], place[:30], place)[0:30], found)
    original = rerank(embedding, range(30), range(150), constants=KReciprocal(original=1.0))[0:30]
    assert torch.equal(original.argsort(1), Distances(embedding[:30], embedding)[0:30].argsort(1))


def test_a_ranking_takes_it_and_gets_better() -> None:
    person = torch.arange(150) % 25
    embedding = noise(25, 8)[person] + 0.6 * noise(150, 8, seed=1)
    everyone = Labels(person, torch.arange(150) // 50)
    asked = Labels(*(part[:50] for part in everyone))
    plain = rank_distances(Distances(embedding[:50], embedding), asked, everyone)
    found = rank_distances(rerank(embedding, range(50), range(150))[0:50], asked, everyone)
    assert found.mean_average_precision > plain.mean_average_precision + 0.02
    assert found.excluded_pairs == plain.excluded_pairs


@pytest.mark.parametrize("size", [1, 2, 30], ids=["one item", "two items", "more copies than k1"])
def test_items_in_one_place(size: int) -> None:
    found = rerank_distances(torch.zeros(size, size), range(size), range(size))[0:size]
    assert found.tolist() == [pytest.approx(row, abs=1e-6) for row in by_loops([[0.0] * size] * size, KReciprocal())]
    assert rerank(torch.ones(size, 4), range(size), range(size))[0:size].isfinite().all()


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_is_raised(kind: torch.dtype) -> None:
    embedding = crowd().to(kind)
    found = rerank(embedding, range(30), range(150))[0:30]
    assert torch.equal(found, rerank(embedding.float(), range(30), range(150))[0:30])


@pytest.mark.parametrize("numbers", [(0, 6, 0.3), (20, 0, 0.3), (20, 6, 1.1), (20, 6, -0.1)])
def test_constants_out_of_range_are_refused(numbers: tuple[int, int, float]) -> None:
    with pytest.raises(InputError, match=r"k1 and k2 are at least 1"):
        KReciprocal(*numbers)


def test_embeddings_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InputError, match="1 of 3 query embeddings are not finite"):
        rerank(torch.tensor([[0.0], [math.nan], [1.0]]), [0], [1, 2])


@given(points=positions(), count=st.integers(1, 16), chunk=st.sampled_from([1, 3, 512]))
def test_neighbours_are_the_first_of_a_stable_sort(points: Tensor, count: int, chunk: int) -> None:
    distances = squared(points)
    found = find_neighbours(distances, count, chunk)
    expected = distances.sort(dim=1, stable=True)
    assert torch.equal(found.order, expected.indices[:, :count])
    assert torch.equal(found.distance, expected.values[:, :count])
    assert torch.equal(found.farthest, distances.amax(1))


@pytest.mark.parametrize("alpha", [0.0, 1.0, 3.0])
def test_expanded_queries_equal_a_loop(alpha: float) -> None:
    embedding = crowd(size=70)
    unit = (embedding / embedding.norm(dim=1, keepdim=True)).tolist()
    expected = []
    for own in unit:
        cosines = [sum(a * b for a, b in zip(own, other, strict=True)) for other in unit]
        near = sorted(range(70), key=lambda item: -cosines[item])[:4]
        weighted = [[max(cosines[item], 0) ** alpha * value for value in unit[item]] for item in near]
        expected.append([sum(column) / 4 for column in zip(*weighted, strict=True)])
    found = expand_queries(embedding, count=4, alpha=alpha, chunk=13)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


def test_ragged_rows_equal_a_dense_matrix() -> None:
    dense = noise(7, 5).where(noise(7, 5, seed=1) > 0.5, 0)
    dense[3] = 0
    row, column = dense.nonzero(as_tuple=True)
    ragged = Ragged.of(row, column, dense[row, column], 7, 5)
    rows = torch.tensor([6, 3, 0, 6])

    def filled(matrix: Ragged) -> Tensor:
        nth, entry = matrix.entries(torch.arange(len(matrix.start) - 1))
        full = torch.zeros(len(matrix.start) - 1, matrix.width, dtype=torch.float64)
        full[nth, matrix.column[entry]] = matrix.value[entry]
        return full

    assert torch.equal(filled(ragged.take(rows)), dense[rows])
    assert torch.equal(filled(ragged.transposed()), dense.T)
