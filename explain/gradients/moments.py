"""Mean and variance of tensors that come one after the other."""

import torch
from torch import Tensor


class Moments:
    """Keeps the mean and the variance of tensors of one shape, in the memory of two of them (Welford 1962).

    Attributes:
        count: how many tensors there were.
        mean: theirs.

    >>> moments = Moments(torch.zeros(1))
    >>> [moments.add(torch.tensor([value])) for value in (1.0, 2.0, 6.0)] and moments.mean, moments.variance
    (tensor([3.]), tensor([4.6667]))
    """

    def __init__(self, like: Tensor) -> None:
        self.count = 0
        self.mean = torch.zeros_like(like)
        self._squares = torch.zeros_like(like)  # summed around the mean

    def add(self, values: Tensor) -> None:
        """Count one more tensor."""
        self.count += 1
        difference = values - self.mean
        self.mean += difference / self.count
        self._squares += difference * (values - self.mean)

    @property
    def variance(self) -> Tensor:
        """The mean square of the difference to the mean."""
        return self._squares / self.count

    @property
    def square(self) -> Tensor:
        """The mean of the squares."""
        return self.variance + self.mean.square()
