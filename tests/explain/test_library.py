"""Why, as one call."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from explain import explain
from explain.cam import GradCAM
from explain.mp4 import write_mp4
from explain.targets import ClassLogit, PairSimilarity
from reid import load_model
from reid.errors import InputError
from reid.library import Embedder
from tests.explain.command.asking import run
from tests.reid.library.making import network, save_checkpoint


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return load_model(save_checkpoint(tmp_path_factory.mktemp("model") / "last.ckpt"), "cpu", sampling="Evenly(4)")


def noise(frames: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (frames, 32, 16, 3), dtype=np.uint8)


def test_the_map_is_that_of_the_method(model: Embedder) -> None:
    frames = noise(4, 0)
    why = explain(model, frames, "gradcam", target=2)
    pixels = model.network.preprocess(torch.from_numpy(frames).permute(3, 0, 1, 2)[None])
    torch.testing.assert_close(why.raw, GradCAM()(model.network, pixels, ClassLogit(2))[0])
    assert why.score == pytest.approx(model.network(pixels).logits[0, 2].item(), rel=1e-5)
    assert np.array_equal(why.frames, frames)
    assert why.facts["model_sha256"] == model.sha256


def test_a_pair_is_explained_on_both_sides(model: Embedder, tmp_path: Path) -> None:
    write_mp4(tmp_path / "walk.mp4", noise(9, 1), fps=8)
    why = explain(model, tmp_path / "walk.mp4", "gradcam,hirescam", against=noise(7, 2))
    assert set(why.maps) == {"gradcam", "hirescam"}
    assert [raw.shape[0] for raw in why.maps["gradcam"]] == [4, 4]
    target = PairSimilarity(model.network(_pixels(model, noise(7, 2)[[0, 2, 4, 6]])).embedding[0].detach())
    own = _pixels(model, why.frames)
    torch.testing.assert_close(why.raw, GradCAM()(model.network, own, target)[0])


def _pixels(model: Embedder, frames: np.ndarray) -> torch.Tensor:
    return model.network.preprocess(torch.from_numpy(frames).permute(3, 0, 1, 2)[None])


def test_it_is_written_as_the_command_writes_it(tmp_path: Path, files: Path) -> None:
    loaded = load_model(files / "model.ckpt", "cpu")
    explain(loaded, files / "a", "gradcam", target=1, frames=4).save(tmp_path / "why")
    run(files, tmp_path / "command", "--method", "gradcam", "--target_id", "1")
    ours, theirs = ({path.name for path in (tmp_path / name).rglob("*")} for name in ("why", "command"))
    assert ours == theirs
    assert np.array_equal(np.load(tmp_path / "why/cam_raw.npy"), np.load(tmp_path / "command/cam_raw.npy"))
    summary = json.loads((tmp_path / "why/summary.json").read_text())
    assert (summary["source"], summary["method"]) == ("a", "gradcam")
    with pytest.raises(InputError, match="exists already"):
        explain(loaded, files / "a", frames=4).save(tmp_path / "why")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import cv2

    folder = tmp_path_factory.mktemp("files")
    save_checkpoint(folder / "model.ckpt")
    (folder / "a").mkdir()
    for number, picture in enumerate(noise(5, 3)):
        cv2.imwrite(str(folder / f"a/{number}.png"), picture)
    return folder


def test_a_bare_model_and_the_name_of_a_class_will_do() -> None:
    bare = network()
    bare.name_classes([7, 8, 9])
    why = explain(bare, noise(3, 0), target="person 8", frames=3)
    assert why.question.title == "why class 1 (person 8)"
    assert not bare.training


def test_mistakes_are_told(model: Embedder) -> None:
    frames = noise(4, 0)
    with pytest.raises(InputError, match="give one of them"):
        explain(model, frames, target=1, against=frames)
    with pytest.raises(InputError, match="gradcam"):
        explain(model, frames, "gradkam")
    with pytest.raises(InputError, match=r"0\.\.2"):
        explain(model, frames, target=3)
    with pytest.raises(InputError, match="expected frames"):
        explain(model, frames[0])
