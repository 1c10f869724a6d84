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

    Removed are only files of folders that this process has written to: the callbacks of a checkpoint that a run goes on
    from may name any path as an older one of theirs.
    """

    def __init__(self) -> None:
        super().__init__()
        self._folders: set[Path] = set()
        self._addresses: set[str] = set()

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
            self._addresses.add(str(path))
        else:
            write_checkpoint(checkpoint, Path(path))
            self._folders.add(Path(path).parent.resolve())

    @override
    def remove_checkpoint(self, path: _PATH) -> None:
        """Remove an older file; what lies elsewhere, or is no checkpoint, stays."""
        file = Path(path)
        if str(path) in self._addresses:
            super().remove_checkpoint(path)
        elif file.suffix == ".ckpt" and file.parent.resolve() in self._folders and not file.is_dir():
            file.unlink(missing_ok=True)
