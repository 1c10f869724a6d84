"""Where explanations go: a folder, or a board such as TensorBoard."""

from explain.sinks.base import Sink
from explain.sinks.board import BoardSink
from explain.sinks.folder import FolderSink
from explain.sinks.tensorboard import TensorBoardSink

__all__ = ["BoardSink", "FolderSink", "Sink", "TensorBoardSink"]
