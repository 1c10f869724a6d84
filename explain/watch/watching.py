"""The same few queries, caught while a validation goes by."""

from collections.abc import Sequence

from torch import Tensor

from reid.types import Clip


class Watch:
    """Keeps one clip of each of a few queries, spread evenly over the list.

    The list is cut into equal shares; of each, the first query that comes by is kept. So they are the same after every
    epoch, also on a process of a distributed training, which sees only some of them.

    Args:
        query: indices of the tracklets that are asked for.
        count: number of shares.
    """

    def __init__(self, query: Sequence[int] = (), count: int = 0) -> None:
        self._share_of = _shares(query, count)
        self._wanted = len(set(self._share_of.values()))
        self._kept: dict[int, tuple[int, Tensor]] = {}

    def look(self, batch: Clip) -> None:
        """Keep the clips of a batch that are wanted and not there yet."""
        if len(self._kept) == self._wanted:
            return
        for row, tracklet in enumerate(batch.tracklet.tolist()):
            share = self._share_of.get(tracklet)
            if share is not None and share not in self._kept:
                self._kept[share] = (tracklet, batch.pixels[row : row + 1].clone())

    @property
    def clips(self) -> list[tuple[int, Tensor]]:
        """What was kept: the index of the tracklet, and a clip of it, [1,3,T,H,W] uint8; in the order of the list."""
        return [clip for _, clip in sorted(self._kept.items())]


def _shares(query: Sequence[int], count: int) -> dict[int, int]:
    """Cut the queries into up to `count` equal shares; query -> number of its share.

    >>> _shares([10, 11, 12, 13, 14], 2)
    {10: 0, 11: 0, 12: 0, 13: 1, 14: 1}
    """
    return {tracklet: place * count // len(query) for place, tracklet in enumerate(query)}
