"""How Lightning writes checkpoints in `train.py`."""

from pathlib import Path
from typing import Any

from lightning.fabric.utilities.types import _PATH
from lightning.pytorch.plugins import TorchCheckpointIO
from typing_extensions import override

from reid.resume.saving import require_finite, write_checkpoint


class WholeCheckpoints(TorchCheckpointIO):
    """Writes checkpoints whole or not at all, and none with weights that are not finite.

    Lightning's own writer copies from the folder for temporary files, over the old file if that lies on another disk.
    Addresses such as `s3://` are left to it.
    """

    @override
    def save_checkpoint(self, checkpoint: dict[str, Any], path: _PATH, storage_options: Any | None = None) -> None:
        """Write a file.

        Raises:
            InputError: it cannot be written, such as for want of space.
            FloatingPointError: a weight is NaN or infinite; the file stays as it was.
        """
        require_finite(checkpoint.get("state_dict", {}), str(path))
        if "://" in str(path) or storage_options is not None:
            super().save_checkpoint(checkpoint, path, storage_options)
        else:
            write_checkpoint(checkpoint, Path(path))
