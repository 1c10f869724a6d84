"""Whatever the logger, the same things are shown."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.loggers.logger import DummyLogger
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from reid.board.artifacts import Artifacts
from reid.board.base import Board, Points
from reid.board.encoding import sprite
from reid.board.files import Files
from reid.board.of_trainer import boards_of
from reid.board.offered import Offered
from reid.board.surviving import surviving
from reid.board.tensorboard import TensorBoard
from reid.errors import InputError
from tests.reid.board import stand_ins
from tests.reid.board.stand_ins import MLflow, Wandb

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
FRAMES = np.random.default_rng(1).integers(0, 256, (3, 6, 5, 3), dtype=np.uint8)
POINTS = Points(
    torch.arange(15.0).reshape(5, 3) / 4,
    ["person", "tracklet"],
    [(person, f"a\t{person}") for person in range(5)],
    np.random.default_rng(2).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8),
)
SETTINGS: dict[str, str | int | float] = {
    "backbone": "ResNetTA",
    "optimizer/lr": 0.001,
    "neck": "bnneck",
    "soft": "false",
}


def show_all(board: Board) -> None:
    board.scalars({"a/deletion": 0.5, "gini": 0.25}, 7)
    board.image("ranked/one", PIXELS, 7)
    board.film("explain/one/video", FRAMES, 7)
    board.text("explain/one/question", "why **this**", 7)
    board.table("verification/rates", ["name", "value"], [("AUC", 0.5), ("threshold", None)], 7)
    board.embeddings("gallery", POINTS, 7)
    board.recipe(SETTINGS, {"final/mAP": 0.75}, 7)


def trainer(loggers: Sequence[Any], rank: int = 0) -> Trainer:
    stand_in: Any = SimpleNamespace(loggers=loggers, is_global_zero=rank == 0)
    return stand_in  # type: ignore[no-any-return]


def board_of(logger: Any, folder: Path) -> Board:
    (board,) = boards_of(trainer([logger]), folder)
    return board


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> Wandb:
    monkeypatch.setitem(sys.modules, "wandb", stand_ins)
    return Wandb()


def pixels_of(content: bytes) -> Any:
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB"))


def is_film(content: bytes) -> bool:
    with Image.open(io.BytesIO(content)) as picture:
        return (picture.format, picture.size, getattr(picture, "n_frames", 1)) == ("GIF", (5, 6), 3)


def test_tensorboard_has_it_in_its_tabs(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path, name="", version="")
    show_all(board_of(logger, tmp_path))
    logger.finalize("success")
    events = EventAccumulator(str(tmp_path), size_guidance={"images": 0, "tensors": 0}).Reload()
    assert set(events.Tags()["images"]) == {"ranked/one", "explain/one/video"}
    assert set(events.Tags()["scalars"]) == {"a/deletion", "gini"}
    (picture,), (film,) = events.Images("ranked/one"), events.Images("explain/one/video")
    np.testing.assert_array_equal(pixels_of(picture.encoded_image_string), PIXELS)
    assert is_film(film.encoded_image_string)
    told = {
        tag: events.Tensors(f"{tag}/text_summary")[0].tensor_proto.string_val[0].decode()
        for tag in ("explain/one/question", "verification/rates")
    }
    assert told["explain/one/question"] == "why **this**"
    assert told["verification/rates"] == "| name | value |\n|---|---|\n| AUC | 0.5 |\n| threshold |  |"
    assert 'tensor_name: "gallery:00007"' in (tmp_path / "projector_config.pbtxt").read_text()
    folder = tmp_path / "00007" / "gallery"
    np.testing.assert_allclose(np.loadtxt(folder / "tensors.tsv"), POINTS.vectors.numpy())
    assert (folder / "metadata.tsv").read_text().splitlines()[:2] == ["person\ttracklet", "0\ta 0"]
    np.testing.assert_array_equal(pixels_of((folder / "sprite.png").read_bytes()), sprite(POINTS.thumbnails))


def compared(folder: Path) -> Any:
    """What the tab HParams says of the runs below a folder."""
    from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.hparams.backend_context import Context

    read = EventMultiplexer().AddRunsFromDirectory(str(folder)).Reload()
    backend, request = Context(TBContext(data_provider=MultiplexerDataProvider(read, str(folder)))), RequestContext()
    return backend.experiment_from_metadata(request, "", True, backend.hparams_metadata(request, ""), [])


def test_tensorboard_compares_runs_by_all_their_settings_first_by_those_that_differ(tmp_path: Path) -> None:
    for name, settings in {"a": SETTINGS, "b": {**SETTINGS, "neck": "none", "center/weight": 2}}.items():
        logger = TensorBoardLogger(tmp_path, name, "")
        show_all(board_of(logger, tmp_path))
        board_of(logger, tmp_path).recipe(settings, {"final/mAP": 0.5}, 9)
        logger.finalize("success")
    found = compared(tmp_path)
    assert next(iter(found.hparam_infos)).name == "neck"
    assert {setting.name for setting in found.hparam_infos} == {*SETTINGS, "center/weight"}
    assert [metric.name.tag for metric in found.metric_infos] == ["final/mAP"]


def test_tensorboard_keeps_the_settings_of_the_last_fit(tmp_path: Path) -> None:
    from tensorboard.plugins.hparams.metadata import parse_session_start_info_plugin_data

    board = board_of(TensorBoardLogger(tmp_path, name="", version=""), tmp_path)
    board.recipe({"max_epochs": 1}, {"final/mAP": 0.25}, 3)
    board.recipe(SETTINGS, {"final/mAP": 0.75}, 7)
    events = EventAccumulator(str(tmp_path / "recipe")).Reload()
    start = parse_session_start_info_plugin_data(events.PluginTagToContent("hparams")["_hparams_/session_start_info"])
    assert {name: value.string_value or value.number_value for name, value in start.hparams.items()} == SETTINGS
    assert [(event.step, event.value) for event in events.Scalars("final/mAP")] == [(7, 0.75)]


def test_without_a_logger_it_is_files(tmp_path: Path) -> None:
    (board,) = boards_of(trainer([]), tmp_path)
    show_all(board)
    board.scalars({"gini": 0.5}, 8)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {
        "scalars.csv",
        "ranked/one/step_000007.png",
        "explain/one/video/step_000007.gif",
        "explain/one/question/step_000007.md",
        "verification/rates/step_000007.csv",
        *(f"gallery/step_000007/{name}" for name in ("vectors.tsv", "metadata.tsv", "sprite.png")),
        "recipe/step_000007.md",
    }
    assert (tmp_path / "scalars.csv").read_text() == "step,name,value\n7,a/deletion,0.5\n7,gini,0.25\n8,gini,0.5\n"
    np.testing.assert_array_equal(pixels_of((tmp_path / "ranked/one/step_000007.png").read_bytes()), PIXELS)
    assert is_film((tmp_path / "explain/one/video/step_000007.gif").read_bytes())
    assert (tmp_path / "verification/rates/step_000007.csv").read_text() == "name,value\nAUC,0.5\nthreshold,\n"
    vectors = np.loadtxt(tmp_path / "gallery/step_000007/vectors.tsv")
    np.testing.assert_allclose(vectors, POINTS.vectors.numpy())
    assert "| final/mAP | 0.75 |" in (tmp_path / "recipe/step_000007.md").read_text()


def test_the_csv_logger_has_numbers_and_settings_and_files_beside(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path, "run", 3)
    show_all(board_of(logger, tmp_path / "elsewhere"))
    logger.finalize("success")
    folder = tmp_path / "run" / "version_3"
    head, *lines = (folder / "metrics.csv").read_text().splitlines()
    assert set(head.split(",")) == {"step", "a/deletion", "gini", "final/mAP"}
    assert lines
    assert "optimizer/lr: 0.001" in (folder / "hparams.yaml").read_text()
    assert (folder / "ranked/one/step_000007.png").exists()
    assert not (folder / "scalars.csv").exists()
    assert not (tmp_path / "elsewhere").exists()


def test_wandb_is_given_what_lightning_documents(wandb: Wandb, tmp_path: Path) -> None:
    show_all(board_of(wandb, tmp_path))
    assert all(entry["trainer/global_step"] == 7 for entry in wandb.run.logged)
    logged = {name: value for entry in wandb.run.logged for name, value in entry.items()}
    assert (logged["a/deletion"], logged["gini"], logged["final/mAP"]) == (0.5, 0.25, 0.75)
    assert wandb.run.settings == SETTINGS
    np.testing.assert_array_equal(logged["ranked/one"][0].content, PIXELS)
    assert is_film(logged["explain/one/video"][0].content)
    assert logged["explain/one/question"].data == [["why **this**"]]
    assert logged["verification/rates"].data == [["AUC", 0.5], ["threshold", None]]
    assert logged["gallery"].columns == ["person", "tracklet", "d0", "d1", "d2"]
    assert logged["gallery"].data[1] == [1, "a\t1", 0.75, 1.0, 1.25]
    np.testing.assert_array_equal(logged["gallery/thumbnails"][0].content, sprite(POINTS.thumbnails))
    assert not list(tmp_path.iterdir())


def test_mlflow_is_given_artifacts(tmp_path: Path) -> None:
    logger = MLflow()
    show_all(board_of(logger, tmp_path))
    assert logger.metrics == [({"a/deletion": 0.5, "gini": 0.25}, 7), ({"final/mAP": 0.75}, 7)]
    assert logger.settings == SETTINGS
    assert len(logger.client.files) == 7
    np.testing.assert_array_equal(pixels_of(logger.client.files["ranked/one/step_000007.png"]), PIXELS)
    assert is_film(logger.client.files["explain/one/video/step_000007.gif"])
    assert not list(tmp_path.iterdir())


def test_mlflow_changes_no_parameter_and_loses_none(tmp_path: Path) -> None:
    logger = MLflow()
    board = board_of(logger, tmp_path)
    board.recipe(SETTINGS, {"final/mAP": 0.25}, 3)
    board.recipe(SETTINGS, {"final/mAP": 0.5}, 4)
    assert not logger.client.files
    board.recipe({**SETTINGS, "neck": "none", "max_epochs": 2}, {"final/mAP": 0.75}, 7)
    assert logger.settings == {**SETTINGS, "max_epochs": 2}
    assert logger.metrics[-1] == ({"final/mAP": 0.75}, 7)
    told = logger.client.files["recipe/step_000007.md"].decode()
    assert "| neck | none |" in told
    assert "| final/mAP | 0.75 |" in told


def test_wandb_is_given_columns_of_one_kind(wandb: Wandb, tmp_path: Path) -> None:
    board = board_of(wandb, tmp_path)
    board.table("mixed", ["camera", "count", "share"], [["all", 3, None], [2, 1, 0.5], [None, 2, 1]], 0)
    board.table("empty", ["camera"], [], 0)
    mixed, empty = (entry[name] for name, entry in zip(("mixed", "empty"), wandb.run.logged, strict=True))
    assert mixed.data == [["all", 3, None], ["2", 1, 0.5], [None, 2, 1]]
    assert empty.data == []


class OnlyPictures:
    """A logger of somebody's own."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def log_image(self, key: str, images: list[Any], step: int | None = None) -> None:
        self.told.append((key, len(images), step))

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self.told.append((metrics, step))

    def log_hyperparams(self, params: dict[str, Any]) -> None:
        self.told.append(params)


def test_what_a_logger_does_not_take_becomes_a_file(tmp_path: Path) -> None:
    logger = OnlyPictures()
    show_all(board_of(logger, tmp_path))
    assert logger.told == [
        ({"a/deletion": 0.5, "gini": 0.25}, 7), ("ranked/one", 1, 7), SETTINGS, ({"final/mAP": 0.75}, 7)
    ]  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["explain", "gallery", "verification"]


def test_each_logger_has_a_board_and_other_processes_have_none(wandb: Wandb, tmp_path: Path) -> None:
    loggers = [TensorBoardLogger(tmp_path), CSVLogger(tmp_path), wandb, MLflow(), DummyLogger()]
    kinds = [type(board) for board in boards_of(trainer(loggers), tmp_path)]
    assert kinds == [TensorBoard, Files, Offered, Artifacts]
    assert boards_of(trainer(loggers, rank=1), tmp_path) == []
    assert [type(board) for board in boards_of(trainer([DummyLogger()]), tmp_path)] == [Files]


@pytest.mark.parametrize("tag", ["../../out", "/etc/out", "a/../../out", "c:\\out", "a\0b"])
def test_no_tag_leaves_the_folder(tmp_path: Path, tag: str) -> None:
    Files(tmp_path / "in").text(tag, "x", 0)
    (path,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert path.is_relative_to(tmp_path / "in")


def test_a_failure_is_a_warning_and_an_error_to_who_looks_for_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "^the film could not be shown, the run goes on without it: KeyError: 'x'$"
    with pytest.warns(UserWarning, match=told), surviving("the film"):
        raise KeyError("x")
    with pytest.warns(UserWarning, match="goes on without it: no folder$"), surviving("the film"):
        raise InputError("no folder")
    monkeypatch.setenv("REIDLENS_DEBUG", "1")
    with pytest.raises(KeyError), surviving("the film"):
        raise KeyError("x")
