"""What a whole run shows: its settings, the ROC curve and the gallery as points; with any logger and with none."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from reid.board.files import Files
from reid.board.projector import EmbeddingProjector
from reid.board.roc import draw, show_closer
from reid.errors import InputError
from tests.explain.test_callback import People, module, trainer
from tests.reid.board import stand_ins
from tests.reid.board.stand_ins import MLflow, Wandb

pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")


def run(folder: Path, stage: str, *callbacks: Callback, **options: Any) -> Any:
    model: Any = module()
    runner: Any = trainer(folder, *callbacks, max_epochs=1, **options)  # type: ignore[arg-type]
    getattr(runner, stage)(model, datamodule=People())
    return model


def events_in(folder: Path) -> Any:
    return EventAccumulator(str(folder), size_guidance={"images": 0, "tensors": 0}).Reload()


def test_a_fit_ends_with_its_settings_and_scores_in_every_logger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", stand_ins)
    board, wandb, mlflow = TensorBoardLogger(tmp_path / "a", "", ""), Wandb(), MLflow()
    model = run(tmp_path, "fit", EmbeddingProjector(), logger=[board, CSVLogger(tmp_path / "b", "", ""), wandb, mlflow])
    final = {f"final/{name}": model.results[name] for name in ("mAP", "CMC-1", "CMC-5", "CMC-10", "CMC-20", "mINP")}
    events = events_in(tmp_path / "a")
    recipe = events_in(tmp_path / "a/recipe")
    assert {tag: recipe.Scalars(tag)[-1].value for tag in recipe.Tags()["scalars"]} == pytest.approx(final)
    assert "hp_metric" not in events.Tags()["scalars"]
    assert len(events.Scalars("mAP")) == 1  # the curves of the training are left alone
    assert (final, 2) in mlflow.metrics
    assert {**final, "trainer/global_step": 2} in wandb.run.logged
    for settings in (wandb.run.settings, mlflow.settings):
        assert settings["max_epochs"] == 1
        assert settings["neck"] == "bnneck"
        assert settings["benchmark"] == "People"
    assert "max_epochs: 1" in (tmp_path / "b/hparams.yaml").read_text()
    with (tmp_path / "b/metrics.csv").open() as file:
        assert max(row["final/mAP"] for row in csv.DictReader(file)) == str(final["final/mAP"])
    assert (tmp_path / "a/00002/gallery/metadata.tsv").read_text().splitlines()[1] == "20\t1\t20C1"
    assert (tmp_path / "b/gallery/step_000002/sprite.png").exists()
    assert "gallery/step_000002/vectors.tsv" in mlflow.client.files
    assert not any("verification" in tag for tag in events.Tags()["images"])


@pytest.mark.parametrize("stage", ["validate", "test"])
def test_an_evaluation_draws_the_roc_curve(tmp_path: Path, stage: str) -> None:
    model = run(tmp_path, stage, logger=TensorBoardLogger(tmp_path, "", ""))
    assert not (tmp_path / "verification").exists()
    events = events_in(tmp_path)
    assert events.Tags()["images"] == ["verification/roc"]
    tables = {tag.split("/")[1] for tag in events.Tags()["tensors"] if tag.endswith("text_summary")}
    assert tables == {"roc_points", "rates", "camera_pairs"}
    assert json.loads((tmp_path / "results.json").read_text()) == model.results


def test_without_a_logger_there_are_files(tmp_path: Path) -> None:
    model = run(tmp_path, "test", EmbeddingProjector(points=3, dimensions=2, thumbnail=8))
    with (tmp_path / "verification/roc_points/step_000000.csv").open() as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    assert [row["TPR"] for row in rows] == model.results["roc"]["TPR"]
    assert [row["FPR"] for row in rows] == model.results["roc"]["FPR"]
    folder = tmp_path / "gallery/step_000000"
    assert np.loadtxt(folder / "vectors.tsv").shape == (3, 2)
    assert (folder / "metadata.tsv").read_text().splitlines() == [
        "person\tcamera\ttracklet",
        *(f"{who}\t1\t{who}C1" for who in (20, 21, 22)),
    ]
    run(tmp_path / "fit", "fit", EmbeddingProjector())
    assert "| final/mAP |" in (tmp_path / "fit/recipe/step_000002.md").read_text()
    run(tmp_path / "dev", "fit", EmbeddingProjector(), fast_dev_run=True)
    assert not list(tmp_path.glob("dev/recipe"))


def test_near_points_are_those_that_the_ranking_calls_near(tmp_path: Path) -> None:
    model = run(tmp_path, "validate", EmbeddingProjector())
    vectors = torch.from_numpy(np.loadtxt(tmp_path / "gallery/step_000000/vectors.tsv")).float()
    own = torch.nn.functional.normalize(model.embeddings[model.evaluation.gallery])
    torch.testing.assert_close(torch.cdist(vectors, vectors), torch.cdist(own, own), atol=1e-4, rtol=1e-3)


class Dead:
    """A logger's disk that is full."""

    def __call__(self, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")


def test_a_writer_that_dies_stops_neither_the_run_nor_the_other_logger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, mlflow = TensorBoardLogger(tmp_path, "", ""), MLflow()
    for method in ("add_image", "add_text", "add_embedding"):
        monkeypatch.setattr(board.experiment, method, Dead())
    with pytest.warns(UserWarning, match="could not be shown, the run goes on without it: .*No space left") as found:
        run(tmp_path, "test", EmbeddingProjector(), logger=[board, mlflow])
    told = [str(warning.message).partition(" could")[0] for warning in found if "No space" in str(warning.message)]
    assert sorted(told) == ["the ROC curve", "the projector"]
    assert "verification/roc/step_000000.png" in mlflow.client.files
    assert "gallery/step_000000/sprite.png" in mlflow.client.files


def test_the_curve_is_drawn_where_it_is(tmp_path: Path) -> None:
    curve = {"FPR": [10 ** (step / 10) for step in range(-60, 1)], "TPR": [step / 60 for step in range(61)]}
    picture = draw(curve["FPR"], curve["TPR"], 0.75)
    blue = (picture.astype(int) - (31, 119, 180)) ** 2  # matplotlib's first colour
    rows, columns = np.nonzero(blue.sum(-1) < 100)
    right, left = (rows[(columns > low) & (columns < high)].max() for low, high in ((500, 999), (0, 200)))
    assert right < left  # it climbs to the right
    closer = {"verification": {"AUC": 0.75}, "roc": curve, "camera_pairs": []}
    show_closer([Files(tmp_path)], closer, 0)
    assert (tmp_path / "verification/roc/step_000000.png").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": 0}, "points 0 and thumbnail 64 must be 1 or more"),
        ({"dimensions": 1}, "dimensions 1 2 or more"),
        ({"points": 20_000}, "20000 thumbnails of 64 pixels are a square of more than 8192"),
    ],
)
def test_impossible_numbers_are_refused_at_once(options: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        EmbeddingProjector(**options)


PROGRAM = """
import sys
from pathlib import Path
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from reid.board.projector import EmbeddingProjector
from tests.explain.test_callback import People, module, trainer

folder = Path(sys.argv[1])
torch.set_num_threads(1)
ranks = dict(devices=2, strategy="ddp_fork", use_distributed_sampler=False, max_epochs=1)
run = trainer(folder, EmbeddingProjector(), logger=TensorBoardLogger(folder, "", ""), **ranks)
run.fit(module(), datamodule=People())
"""


@pytest.mark.ddp
def test_in_two_processes_the_first_shows_and_nothing_waits_for_ever(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=900, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("events*"))) == 1
    assert len(list(tmp_path.glob("recipe/events*"))) == 1
    assert "final/mAP" in events_in(tmp_path / "recipe").Tags()["scalars"]
    assert len(list(tmp_path.glob("*/gallery/metadata.tsv"))) == 1
