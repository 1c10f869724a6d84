"""Where to look at a function, and how much each look counts, to integrate it."""

import numpy as np
import torch
from torch import Tensor


def gauss_legendre(nodes: int) -> tuple[Tensor, Tensor]:
    """The nodes in 0..1 and the weights, [N] each, that integrate polynomials of degree 2N - 1 exactly.

    The weights sum to 1.

    >>> at, weights = gauss_legendre(2)
    >>> at, weights, (weights * at**3).sum()
    (tensor([0.2113, 0.7887]), tensor([0.5000, 0.5000]), tensor(0.2500))
    """
    at, weights = np.polynomial.legendre.leggauss(nodes)  # on -1..1
    return torch.from_numpy((at + 1) / 2).float(), torch.from_numpy(weights / 2).float()
