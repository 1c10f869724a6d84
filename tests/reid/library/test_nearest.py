"""Ranking by the distances of the evaluation, over bare and stored embeddings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from reid.distances import Distance
from reid.errors import InputError
from reid.library import StoredFeatures, rank, read_features, write_features


def stored(count: int = 4, seed: int = 0, model: str = "a") -> StoredFeatures:
    embeddings = torch.randn(count, 5, generator=torch.Generator().manual_seed(seed))
    names = tuple(f"{place:04d}" for place in range(count))
    return StoredFeatures(
        embeddings, names, ("/x",) * count, (3,) * count, f"{model}.ckpt", model * 64, "euclidean", "Evenly(8)"
    )


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("k", [1, 3, 99])
def test_the_order_is_that_of_the_definition(distance: Distance, k: int) -> None:
    query, gallery = (torch.randn(n, 5, generator=torch.Generator().manual_seed(n)) for n in (3, 7))
    ranked = rank(query, gallery.numpy(), k, distance)
    for row, one in enumerate(query):
        far = []
        for place, other in enumerate(gallery):
            a, b = (one / one.norm(), other / other.norm()) if distance == "cosine" else (one, other)
            far.append((float(((a - b) ** 2).sum()), place))
        wanted = sorted(far)[:k]
        assert ranked.order[row].tolist() == [place for _, place in wanted]
        np.testing.assert_allclose(ranked.distances[row], [value for value, _ in wanted], rtol=1e-4, atol=1e-5)


def test_equal_ones_stand_in_the_order_of_the_gallery() -> None:
    gallery = torch.ones(600, 2)
    assert rank(gallery, gallery, 3).order[[0, 599]].tolist() == [[0, 1, 2], [0, 1, 2]]


def test_stored_features_say_how_they_are_compared() -> None:
    side = stored()
    assert torch.equal(rank(side, side, 2).distances, rank(side.embeddings, side.embeddings, 2, "euclidean").distances)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InputError, match=r"a\.ckpt \(aaaaaaaa\), the gallery by b\.ckpt"):
        rank(stored(), stored(model="b"))
    with pytest.raises(InputError, match="queries of 5 numbers, a gallery of 4"):
        rank(torch.ones(1, 5), torch.ones(1, 4))
    with pytest.raises(InputError, match=r"\[N,D\]"):
        rank(torch.ones(5), torch.ones(1, 5))
    with pytest.raises(InputError, match="not finite"):
        rank(torch.full((1, 2), torch.nan), torch.ones(1, 2))
    with pytest.raises(InputError, match="at least 1"):
        rank(torch.ones(1, 2), torch.ones(1, 2), 0)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_features_come_back_as_they_were(tmp_path: Path, suffix: str) -> None:
    features = replace(stored(), names=("Zoë", "b/c", "", "d'\"\n"))
    again = read_features(write_features(tmp_path / f"f{suffix}", features))
    assert torch.equal(again.embeddings, features.embeddings)
    assert replace(again, embeddings=features.embeddings) != features  # compared by identity
    for name in ("names", "sources", "frames", "model", "model_sha256", "distance", "sampling"):
        assert getattr(again, name) == getattr(features, name)
    assert [path.name for path in tmp_path.iterdir()] == [f"f{suffix}"]


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_damaged_features_are_one_clear_line(tmp_path: Path, suffix: str) -> None:
    path = write_features(tmp_path / f"f{suffix}", stored(50))
    whole = path.read_bytes()
    for content in (b"", b"PK", whole[: len(whole) // 2], whole[:-4], b"\x08" + bytes(7) + b"{}      "):
        path.write_bytes(content)
        with pytest.raises(InputError, match="embed the tracklets again") as caught:
            read_features(path)
        assert "\n" not in str(caught.value)


def test_nothing_in_a_file_of_features_is_executed(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.npz", stored(2))
    with np.load(path) as content:
        arrays = {**content, "names": np.array([print, "b"], dtype=object)}
    np.savez(path, **arrays)
    with pytest.raises(InputError, match="no features"):
        read_features(path)


@pytest.mark.parametrize(
    "change",
    [
        {"embeddings": np.zeros((2, 5))},
        {"embeddings": np.zeros(2, np.float32)},
        {"embeddings": np.zeros((3, 5), np.float32)},
        {"distance": np.array("far")},
        {"frames": np.array(["x", "y"])},
    ],
)
def test_features_of_another_kind_are_refused(tmp_path: Path, change: dict[str, np.ndarray]) -> None:
    path = write_features(tmp_path / "f.npz", stored(2))
    with np.load(path) as content:
        arrays = {**content, **change}
    np.savez(path, **arrays)
    with pytest.raises(InputError, match="no features"):
        read_features(path)


def test_other_endings_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.npz or \.safetensors"):
        write_features(tmp_path / "f.csv", stored())
    with pytest.raises(InputError, match="no such file"):
        read_features(tmp_path / "f.npz")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_features(tmp_path / "file/f.npz", stored())
