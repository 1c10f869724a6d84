"""Loggers of products that are not installed, with the methods that are documented."""

from types import SimpleNamespace
from typing import Any

from lightning.pytorch.loggers import MLFlowLogger, WandbLogger
from typing_extensions import override


class Run:
    """What W&B calls a run: takes whatever is logged."""

    def __init__(self) -> None:
        self.id = "run"
        self.logged: list[dict[str, Any]] = []
        self.config = self
        self.settings: dict[str, Any] = {}

    def log(self, content: dict[str, Any]) -> None:
        self.logged.append(content)

    def update(self, settings: dict[str, Any], *, allow_val_change: bool) -> None:
        assert allow_val_change
        self.settings |= settings


class Table:
    def __init__(self, columns: list[str], data: list[list[Any]], dataframe: None) -> None:
        assert all(len(row) == len(columns) for row in data)
        assert dataframe is None
        for column in zip(*data, strict=True):  # W&B counts all numbers as one type, and nothing as any
            assert len({isinstance(cell, str) for cell in column if cell is not None}) < 2
        self.columns, self.data = columns, data


class Image:
    def __init__(self, content: Any) -> None:
        self.content = content


class Video:
    """A file of the kinds that W&B takes; it is copied when it is logged."""

    def __init__(self, data_or_path: str) -> None:
        assert data_or_path.rpartition(".")[2] in {"gif", "mp4", "webm", "ogg"}
        with open(data_or_path, "rb") as file:  # noqa: PTH123 - as a foreign library does
            self.content = file.read()


class Wandb(WandbLogger):
    """Lightning's own code above a run that is none; the module `wandb` is one with `Table`, `Image` and `Video`."""

    def __init__(self) -> None:
        self.run = Run()
        self._prefix = ""
        self._wandb_init: dict[str, Any] = {}
        self._save_dir = None
        self._checkpoint_callbacks: dict[int, Any] = {}
        self._log_model = False

    @property
    @override
    def experiment(self) -> Any:
        return self.run

    @override
    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        self.run.log({**metrics, "trainer/global_step": step})

    @property
    @override
    def version(self) -> str:
        return "0"

    @property
    @override
    def name(self) -> str:
        return "stand-in"

    @override
    def finalize(self, status: str) -> None: ...


class Client:
    """The part of `MlflowClient` that uploads, and tells what is kept."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.settings: dict[str, Any] = {}

    def get_run(self, run_id: str) -> Any:
        assert run_id == "run"
        return SimpleNamespace(data=SimpleNamespace(params={name: str(kept) for name, kept in self.settings.items()}))

    def log_artifacts(self, run_id: str, local_dir: str, artifact_path: str | None = None) -> None:
        from pathlib import Path

        assert (run_id, artifact_path) == ("run", None)
        for path in Path(local_dir).rglob("*"):
            if path.is_file():
                self.files[path.relative_to(local_dir).as_posix()] = path.read_bytes()


class MLflow(MLFlowLogger):
    """A logger above a client that keeps what it is given."""

    def __init__(self) -> None:
        self.client = Client()
        self.metrics: list[tuple[dict[str, float], int | None]] = []

    @property
    def settings(self) -> dict[str, Any]:
        return self.client.settings

    @property
    @override
    def experiment(self) -> Any:
        return self.client

    @property
    @override
    def run_id(self) -> str:
        return "run"

    @property
    @override
    def save_dir(self) -> None:
        return None

    @property
    @override
    def name(self) -> str:
        return "stand-in"

    @property
    @override
    def version(self) -> str:
        return "0"

    @override
    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        self.metrics.append((dict(metrics), step))

    @override
    def log_hyperparams(self, params: Any) -> None:
        for name, setting in params.items():
            assert self.settings.setdefault(name, setting) == setting, "Changing param values is not allowed."

    @override
    def after_save_checkpoint(self, checkpoint_callback: Any) -> None: ...

    @override
    def finalize(self, status: str = "success") -> None: ...
