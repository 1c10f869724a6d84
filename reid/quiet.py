"""What Lightning says that is no help to the user of a training, kept off the screen."""

import logging
import warnings
from collections.abc import Mapping
from typing import Final

SILENT: Final = (
    "LeafSpec",
    "The dirpath has changed",
    "LightningCLI's args parameter",
    "in eval mode at the start of training",
    "your dataloader is not resumable",
)
"""What Lightning warns of though it is meant so: frozen networks stay in eval mode, `ExactSteps` resumes any batch."""

TALK: Final[Mapping[str, str]] = {
    "utilities.rank_zero": "Tip:",
    "trainer.connectors.checkpoint_connector": "`weights_only` was not set",
}
"""What Lightning's loggers say that is no help: advertisements; how it *saves*, in words that sound like loading."""


def quieten_lightning() -> None:
    """Keep Lightning's advertisements and warnings about itself off the screen."""
    warnings.filterwarnings("ignore", f".*({'|'.join(SILENT)})")
    for name in TALK:
        logging.getLogger(f"lightning.pytorch.{name}").addFilter(_is_help)


def _is_help(record: logging.LogRecord) -> bool:
    return not any(words in record.getMessage() for words in TALK.values())
