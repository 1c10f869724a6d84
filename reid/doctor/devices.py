"""On what can be computed, and how well?"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import torch

from reid.doctor.finding import Finding

_GIB: Final = 2**30
_SHARED: Final = Path("/dev/shm")  # noqa: S108 - what workers hand their batches over by
_SHARED_ROOM, _DISK_ROOM = _GIB, 5 * _GIB


def devices() -> Iterator[Finding]:
    """Look at the processor, at accelerators, and at the room on disk and between processes."""
    yield Finding("processor", f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, {_precision()}")
    yield from _accelerators()
    yield from _room("disk here", Path.cwd(), _DISK_ROOM, "free some, or pass --trainer.default_root_dir DIR")
    if _SHARED.is_dir():
        yield from _room("shared memory", _SHARED, _SHARED_ROOM, "docker run --shm-size 8g, or --data.workers 0")


def _accelerators() -> Iterator[Finding]:
    """Every GPU that PyTorch can use."""
    for number in range(torch.cuda.device_count()):
        of = torch.cuda.get_device_properties(number)
        bf16 = "bf16" if of.major >= 8 else "no bf16: pass --trainer.precision 16-mixed"  # noqa: PLR2004 - Ampere
        yield Finding(f"cuda:{number}", f"{of.name}, {of.total_memory / _GIB:.0f} GiB, {bf16}")
    if torch.backends.mps.is_available():
        yield Finding("mps", "Apple's GPU; not tested with this project")
    elif not torch.cuda.is_available():
        built = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
        yield Finding(
            "accelerator",
            f"none that this PyTorch ({torch.__version__}, built {built}) can use",
            "optional",
            "if there is a GPU: nvidia-smi says which CUDA its driver has, https://pytorch.org how to install for it",
        )


def _precision() -> str:
    """Whether the processor computes in bfloat16, or emulates it."""
    if torch.backends.cpu.get_cpu_capability() == "DEFAULT":
        return "no AVX"
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # noqa: SLF001
    return "bfloat16" if native else "no bfloat16 (it is emulated, slowly)"


def _room(what: str, folder: Path, enough: int, mend: str) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    told = f"{free / _GIB:.1f} GiB free"
    yield Finding(what, told) if free >= enough else Finding(what, told, "optional", mend)
