"""Where explanations go: a folder, TensorBoard."""

from explain.sinks.base import Sink
from explain.sinks.folder import FolderSink
from explain.sinks.tensorboard import TensorBoardSink

__all__ = ["FolderSink", "Sink", "TensorBoardSink"]
