"""W&B and MLflow themselves, offline, where they are installed: what was shown is read back from their own files."""

import json
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from lightning.pytorch.loggers import CSVLogger, MLFlowLogger, WandbLogger

from reid.board.encoding import sprite
from reid.board.projector import EmbeddingProjector
from tests.reid.board.test_boards import PIXELS, POINTS, SETTINGS, board_of, is_film, pixels_of, show_all
from tests.reid.board.test_runs import run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning"),  # by W&B, of its own folders
    pytest.mark.filterwarnings("ignore::DeprecationWarning:(wandb|mlflow|sqlalchemy|pydantic)"),
]


def records(path: Path) -> Iterator[Any]:
    """Go through a file of an offline run: a header of 7 bytes, then LevelDB's log format, blocks of 32 KiB."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, place, whole = path.read_bytes(), 7, b""
    assert content[:4] == b":W&B"
    while place + 7 <= len(content):
        left = 2**15 - place % 2**15
        size, kind = struct.unpack("<HB", content[place + 4 : place + 7]) if left >= 7 else (0, 0)
        if kind == 0:  # the rest of a block is padding
            place += left
            continue
        part, place = content[place + 7 : place + 7 + size], place + 7 + size
        whole = whole + part if kind in {3, 4} else part
        if kind in {1, 4}:  # whole, or its last part
            yield Record.FromString(whole)


def finished(path: Path) -> list[Any]:
    """Read a file when it is whole: W&B's own process may still write it after `finish`."""
    for _ in range(150):
        with suppress(DecodeError, struct.error):
            found = list(records(path))
            if any(record.HasField("exit") for record in found):
                return found
        time.sleep(0.2)
    raise AssertionError(f"{path} does not end")


class Kept:
    """What an offline run of W&B keeps: its settings, its curves and the files of each tag."""

    def __init__(self, folder: Path) -> None:
        (run,) = folder.glob("wandb/offline-run-*")
        self.settings: dict[str, Any] = {}
        self.curves: dict[str, list[tuple[int, float]]] = {}
        self.files: dict[str, bytes] = {}
        for record in finished(next(run.glob("*.wandb"))):
            self.settings |= {item.key: json.loads(item.value_json) for item in record.config.update}
            row = {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
            for name, value in row.items():
                if isinstance(value, float):
                    self.curves.setdefault(name, []).append((row["trainer/global_step"], value))
            self.files |= {path.path: (run / "files" / path.path).read_bytes() for path in record.files.files}

    def file(self, beginning: str) -> bytes:
        (found,) = (content for path, content in self.files.items() if path.startswith(f"media/{beginning}_"))
        return found


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    package = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    yield package
    package.finish()


def mlflow(folder: Path, run_id: str | None = None) -> MLFlowLogger:
    pytest.importorskip("mlflow")
    uri, artifacts = f"sqlite:///{folder}/runs.db", f"file:{folder}/artifacts"
    return MLFlowLogger("reid", tracking_uri=uri, artifact_location=artifacts, run_id=run_id)


def uploaded(logger: MLFlowLogger, folder: Path) -> dict[str, bytes]:
    root = folder / "artifacts" / str(logger.run_id) / "artifacts"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_wandb_keeps_everything_once(wandb: Any, tmp_path: Path) -> None:
    board = board_of(WandbLogger(project="reid", save_dir=tmp_path), tmp_path / "elsewhere")
    show_all(board)
    board.table("mixed", ["camera"], [["all"], [2], [None]], 7)
    wandb.finish()
    kept = Kept(tmp_path)
    assert kept.settings == SETTINGS
    assert {name: kept.curves[name] for name in ("a/deletion", "gini", "final/mAP")} == {
        "a/deletion": [(7, 0.5)],
        "gini": [(7, 0.25)],
        "final/mAP": [(7, 0.75)],
    }
    np.testing.assert_array_equal(pixels_of(kept.file("images/ranked/one")), PIXELS)
    np.testing.assert_array_equal(pixels_of(kept.file("images/gallery/thumbnails")), sprite(POINTS.thumbnails))
    assert is_film(kept.file("videos/explain/one/video"))
    tables = {name: json.loads(kept.file(f"table/{name}")) for name in ("gallery", "verification/rates", "mixed")}
    assert tables["verification/rates"] == {"columns": ["name", "value"], "data": [["AUC", 0.5], ["threshold", None]]}
    assert tables["gallery"]["columns"] == ["person", "tracklet", "d0", "d1", "d2"]
    assert tables["gallery"]["data"][1] == [1, "a\t1", 0.75, 1.0, 1.25]
    assert tables["mixed"]["data"] == [["all"], ["2"], [None]]
    assert json.loads(kept.file("table/explain/one/question"))["data"] == [["why **this**"]]
    assert not (tmp_path / "elsewhere").exists()


def test_mlflow_keeps_everything_once_and_a_run_goes_on(tmp_path: Path) -> None:
    logger = mlflow(tmp_path)
    show_all(board_of(logger, tmp_path / "elsewhere"))
    logger.finalize()
    again = mlflow(tmp_path, logger.run_id)
    board_of(again, tmp_path).recipe({**SETTINGS, "neck": "none", "max_epochs": 2}, {"final/mAP": 1.0}, 9)
    again.finalize()
    kept = again.experiment.get_run(again.run_id)
    assert kept.info.status == "FINISHED"
    assert kept.data.params == {name: str(setting) for name, setting in {**SETTINGS, "max_epochs": 2}.items()}
    curve = again.experiment.get_metric_history(str(again.run_id), "final/mAP")
    assert [(point.step, point.value) for point in curve] == [(7, 0.75), (9, 1.0)]
    files = uploaded(again, tmp_path)
    assert sorted(files) == [
        "explain/one/question/step_000007.md",
        "explain/one/video/step_000007.gif",
        *(f"gallery/step_000007/{name}" for name in ("metadata.tsv", "sprite.png", "vectors.tsv")),
        "ranked/one/step_000007.png",
        "recipe/step_000009.md",
        "verification/rates/step_000007.csv",
    ]
    assert is_film(files["explain/one/video/step_000007.gif"])
    np.testing.assert_array_equal(pixels_of(files["ranked/one/step_000007.png"]), PIXELS)
    assert "| neck | none |" in files["recipe/step_000009.md"].decode()


def test_a_fit_shows_the_same_numbers_in_all_at_once(wandb: Any, tmp_path: Path) -> None:
    ours = mlflow(tmp_path)
    loggers = [CSVLogger(tmp_path / "csv", "", ""), WandbLogger(project="reid", save_dir=tmp_path), ours]
    model = run(tmp_path, "fit", EmbeddingProjector(), logger=loggers)
    wandb.finish()
    curves, final = Kept(tmp_path).curves, {"final/mAP": model.results["mAP"], "final/CMC-1": model.results["CMC-1"]}
    for name, score in final.items():
        assert [value for _, value in curves[name]] == pytest.approx([score])
        assert [point.value for point in ours.experiment.get_metric_history(str(ours.run_id), name)] == [score]
    assert {"loss", "mAP"} <= set(curves)
    assert "gallery/step_000002/sprite.png" in uploaded(ours, tmp_path)
    assert (tmp_path / "csv/gallery/step_000002/sprite.png").exists()
    assert (tmp_path / "csv/metrics.csv").read_text().count("\n") > 2
