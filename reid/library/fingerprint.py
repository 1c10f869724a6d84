"""By what two models are known to be one."""

import hashlib
from typing import Final

from reid.model import ReIDModel

_HEAD: Final = ("classifier.", "identities")


def fingerprint(network: ReIDModel) -> str:
    """The sha256 of what an embedding depends on: the tensors, the network's name, its preprocessing and its readout.

    Unlike that of a file it is the same for a checkpoint and for the folder that was made of it. A classifier does not
    count, for it embeds nothing.

    >>> from reid.backbones import SmallResNet
    >>> small = lambda: ReIDModel(SmallResNet(widths=[4], strides=[2]), 3)
    >>> one, other = small(), small()
    >>> fingerprint(one) == fingerprint(other), len(fingerprint(one))
    (False, 64)
    >>> _ = other.load_state_dict(one.state_dict())
    >>> fingerprint(one) == fingerprint(other)
    True
    """
    preprocess = network.preprocess
    said = (
        type(network.backbone).__name__,
        *(tuple(map(float, values)) for values in (preprocess.size, preprocess.mean, preprocess.std)),
        network.test_feature,
    )
    digest = hashlib.sha256(repr(said).encode())
    for name, tensor in sorted(network.state_dict().items()):
        if not name.startswith(_HEAD):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
