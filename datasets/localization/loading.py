"""How a loader's workers read."""

from typing import Any

import torch

from datasets.clips import worker_init


def worker_options(workers: int) -> dict[str, Any]:
    """Options of a `torch.utils.data.DataLoader`; a worker that hangs ends the run after two minutes.

    >>> worker_options(0)
    {'num_workers': 0}
    """
    if not workers:
        return {"num_workers": 0}
    return {
        "num_workers": workers,
        "persistent_workers": True,
        "timeout": 120,
        "worker_init_fn": worker_init,
        "pin_memory": torch.cuda.is_available(),
    }
