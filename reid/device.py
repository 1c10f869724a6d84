"""Where a model runs."""

import torch

from reid.errors import InputError


def device_of(name: str | torch.device | None, called: str = "device") -> torch.device:
    """The device of that name, or the best there is.

    Args:
        name: such as "cuda:0"; None is the best one.
        called: what the user calls it, in the message.

    Raises:
        InputError: it is not to be had.

    >>> device_of("cpu")
    device(type='cpu')
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch built without CUDA asserts
        raise InputError(f"{called} {name}: not to be had here; leave it out, or take cpu") from error
    return device
