"""Time that a piece of work may take."""

import time
from collections.abc import Collection, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class Budget:
    """Ends loops when their time, counted from here on, is up.

    Args:
        seconds: how long; None is for ever.

    >>> [*Budget(None).within("abc")], [*Budget(0.0).within("abc")]
    (['a', 'b', 'c'], [])
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._started = time.perf_counter()

    @property
    def spent(self) -> float:
        """Seconds that went by."""
        return time.perf_counter() - self._started

    def within(self, items: Collection[Item]) -> Iterator[Item]:
        """Yield items as long as there is time to begin with one."""
        for item in items:
            if self.seconds is not None and self.spent >= self.seconds:
                return
            yield item
