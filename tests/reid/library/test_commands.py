"""`python -m reid.embed` and `python -m reid.rank`."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from explain.mp4 import write_mp4
from reid import load_model
from reid.embed import main as embed
from reid.errors import InputError, exit_status
from reid.library import read_features
from reid.rank import main as rank
from tests.reid.library.making import save_checkpoint, save_tracklets


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, a gallery of three folders and a video, and its features."""
    root = tmp_path_factory.mktemp("files")
    save_checkpoint(root / "last.ckpt")
    save_checkpoint(root / "other.ckpt", seed=1)
    save_tracklets(root / "gallery")
    write_mp4(root / "gallery/walk.mp4", np.random.default_rng(2).integers(0, 255, (9, 32, 16, 3), dtype=np.uint8), 8)
    make(root, root / "gallery.npz")
    return root


def make(root: Path, output: Path, *flags: str, model: str = "last.ckpt") -> None:
    embed([*("--model", str(root / model), "--input", str(root / "gallery"), "--output", str(output)), *flags])


def test_features_are_written_with_names(files: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    make(files, tmp_path / "f.safetensors", "--sampling", "Dense(4)", "--device", "cpu", "--batch", "2")
    assert "4 tracklets, 6 numbers each, Dense(4)" in capsys.readouterr().out
    features = read_features(tmp_path / "f.safetensors")
    assert features.names == ("person_0", "person_1", "person_2", "walk.mp4")
    assert features.frames == (1, 5, 13, 9)
    model = load_model(files / "last.ckpt", "cpu", sampling="Dense(4)")
    assert features.model_sha256 == model.sha256
    assert np.allclose(features.embeddings[3:], model.embed(files / "gallery/walk.mp4"), atol=1e-6)


@pytest.mark.parametrize("query", ["person_1", "gallery/person_1", "gallery.npz"])
def test_who_stands_first_is_never_the_query_itself(
    files: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, query: str
) -> None:
    asked = query if "." not in query and "/" not in query else str(files / query)
    rank(["--features", str(files / "gallery.npz"), "--query", asked, "--top", "2", "--output", str(tmp_path / "out")])
    printed = capsys.readouterr().out
    said = json.loads((tmp_path / "out/ranked.json").read_text())
    listed = {each["query"]: [item["name"] for item in each["ranked"]] for each in said["queries"]}
    assert len(listed) == (4 if query.endswith("npz") else 1)
    assert all(len(names) == 2 and name not in names for name, names in listed.items())
    assert listed["person_1"][0] in printed
    picture = cv2.imread(str(tmp_path / "out/person_1.png"))
    assert picture is not None
    assert picture.shape[0] == 3 * (112 + 8 + 6)


def test_the_list_is_that_of_the_library(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rank(["--features", str(files / "gallery.npz"), "--query", str(files / "gallery/walk.mp4")])
    names = [line.split()[-1] for line in capsys.readouterr().out.splitlines()[1:]]
    model, gallery = load_model(files / "last.ckpt", "cpu"), read_features(files / "gallery.npz")
    order = model.rank(model.embed(files / "gallery/walk.mp4"), gallery).order[0].tolist()
    assert names == [gallery.names[place] for place in order if gallery.names[place] != "walk.mp4"]


def test_features_of_another_model_are_refused(files: Path, tmp_path: Path) -> None:
    make(files, tmp_path / "other.npz", model="other.ckpt")
    for query, flags in ((str(tmp_path / "other.npz"), []), (str(files / "gallery/walk.mp4"), ["other.ckpt"])):
        named = ["--model", str(files / flags[0])] if flags else []
        with pytest.raises(InputError, match=r"is not the model that made|distances between two models") as caught:
            rank(["--features", str(files / "gallery.npz"), "--query", query, *named])
        assert "\n" not in str(caught.value)
    model, others = load_model(files / "last.ckpt", "cpu"), read_features(tmp_path / "other.npz")
    with pytest.raises(InputError, match="not by this model"):
        model.rank(others, others)


def test_a_tracklet_that_is_gone_is_a_grey_strip(files: Path, tmp_path: Path) -> None:
    (tmp_path / "gallery").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"gallery/{name}").mkdir()
        cv2.imwrite(str(tmp_path / f"gallery/{name}/0.png"), np.full((30, 14, 3), 255, np.uint8))
    embed(
        ["--model", str(files / "last.ckpt"), "--input", str(tmp_path / "gallery"), "--output", str(tmp_path / "g.npz")]
    )
    (tmp_path / "gallery/b/0.png").unlink()
    rank(["--features", str(tmp_path / "g.npz"), "--query", "a", "--output", str(tmp_path / "out")])
    picture = cv2.imread(str(tmp_path / "out/a.png"))
    assert picture is not None
    assert np.equal(picture, 200).sum() > 112 * 56


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "--model"),
        (["--model", "nowhere.ckpt", "--input", "{gallery}", "--output", "{new}/f.npz"], "no such file"),
        (["--model", "{model}", "--input", "nowhere", "--output", "{new}/f.npz"], "no such file or folder"),
        (["--model", "{model}", "--input", "{model}", "--output", "{new}/f.npz"], "not a video"),
        (["--model", "{model}", "--input", "{gallery}", "--output", "{new}/f.csv"], "end in .npz"),
        (["--model", "{model}", "--input", "{gallery}", "--output", "{model}"], "exists already"),
        (["--model", "{model}", "--input", "{gallery}", "--output", "{gallery}"], "is no file"),
        (["--model", "{model}", "--input", "{gallery}", "--output", "{new}/f.npz", "--batch", "0"], "1 or more"),
        (["--model", "{model}", "--input", "{gallery}", "--output", "{new}/f.npz", "--sampling", "all"], "Evenly(8)"),
    ],
)
def test_mistakes_of_embed_are_one_line(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    where = {"model": str(files / "last.ckpt"), "gallery": str(files / "gallery"), "new": str(tmp_path)}
    assert exit_status(lambda: embed([flag.format(**where) for flag in flags])) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--query", "person_7"], "the gallery has person_"),
        (["--query", "{files}/nowhere.npz"], "no such file"),
        (["--query", "{files}/last.ckpt"], "not a video"),
        (["--query", "person_1", "--output", "{files}"], "exists already"),
        (["--query", "person_1", "--top", "-1"], "1 or more"),
    ],
)
def test_mistakes_of_rank_are_one_line(
    files: Path, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    given = ["--features", str(files / "gallery.npz"), *(flag.format(files=files) for flag in flags)]
    assert exit_status(lambda: rank(given)) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1
