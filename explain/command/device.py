"""Where a model runs, and in which precision."""

import torch

from reid.errors import InputError


def device_of(name: str | None) -> torch.device:
    """The device of that name, or the best there is.

    Raises:
        InputError: it is not to be had.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch built without CUDA asserts
        raise InputError(f"--device {name}: not to be had here; leave it out, or take cpu") from error
    return device


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
