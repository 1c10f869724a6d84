"""The boards of a run."""

from collections.abc import Sequence
from pathlib import Path

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger
from lightning.pytorch.loggers.logger import DummyLogger

from reid.board.artifacts import Artifacts
from reid.board.base import Board
from reid.board.files import Files
from reid.board.offered import METHODS, Offered
from reid.board.tensorboard import TensorBoard


def boards_of(trainer: Trainer, folder: Path) -> Sequence[Board]:
    """One board for each logger; without any, files.

    Nothing here waits for another process; what is shown is shown by the first process alone.

    Args:
        trainer: of the run.
        folder: of the run, for loggers that keep no pictures; `trainer.log_dir`, which all processes must ask for.

    Returns:
        None at all on processes other than the first.
    """
    if not trainer.is_global_zero:
        return []
    loggers = [logger for logger in trainer.loggers if not isinstance(logger, DummyLogger)]  # of a `fast_dev_run`
    return [_board(logger, folder) for logger in loggers] or [Files(folder)]


def _board(logger: Logger, folder: Path) -> Board:
    if isinstance(logger, TensorBoardLogger):
        return TensorBoard(logger.experiment, logger)
    if isinstance(logger, MLFlowLogger):
        return Artifacts(logger)
    files = Files(Path(logger.log_dir) if isinstance(logger, CSVLogger) else folder, logger)
    if any(callable(getattr(logger, method, None)) for method in METHODS):
        return Offered(logger, files)
    return files
