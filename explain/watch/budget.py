"""Time that a piece of work may take."""

import time
from collections import Counter
from collections.abc import Collection, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class Budget:
    """Ends loops when their time, counted from here on, is up.

    Args:
        seconds: how long; None is for ever.

    Attributes:
        left_out: how many items of each kind were not begun.

    >>> [*Budget(None).within("abc", "letters")], [*Budget(0.0).within("abc", "letters")]
    (['a', 'b', 'c'], [])
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.left_out: Counter[str] = Counter()
        self._started = time.perf_counter()

    @property
    def spent(self) -> float:
        """Seconds that went by."""
        return time.perf_counter() - self._started

    def within(self, items: Collection[Item], kind: str) -> Iterator[Item]:
        """Yield items as long as there is time to begin with one.

        Args:
            items: what is to be done.
            kind: what they are called.
        """
        for begun, item in enumerate(items):
            if self.seconds is not None and self.spent >= self.seconds:
                self.left_out[kind] += len(items) - begun
                return
            yield item
