"""In which precision a model runs."""

import torch

from reid.errors import InputError


def precision(device: torch.device, bf16: bool) -> torch.autocast:
    """What the network computes in; the maths of maps, targets and distances is float32 whatever this says.

    Args:
        device: where it runs.
        bf16: whether it runs in bfloat16 where autocast sees fit, or as it is.

    Raises:
        InputError: the device knows no bfloat16.
    """
    try:
        return torch.autocast(device.type, torch.bfloat16, enabled=bf16)
    except RuntimeError as error:
        raise InputError(f"--bf16: {device} cannot compute in bfloat16; leave it out") from error
