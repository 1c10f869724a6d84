"""Explanations in TensorBoard."""

from typing import TYPE_CHECKING

from explain.overlay import Normalisation, Polarity
from explain.sinks.board import BoardSink
from reid.board.tensorboard import TensorBoard

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter


class TensorBoardSink(BoardSink):
    """Logs explanations with a bare writer of event files.

    Args:
        writer: of `torch.utils.tensorboard`, or what `TensorBoardLogger.experiment` gives.
        step: see `BoardSink`.
        normalization: see `BoardSink`.
        polarity: see `BoardSink`.
    """

    def __init__(
        self,
        writer: "SummaryWriter",
        step: int,
        normalization: Normalisation = "clip",
        polarity: Polarity = "positive",
    ) -> None:
        super().__init__(TensorBoard(writer), step, normalization, polarity)
