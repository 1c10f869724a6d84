"""Rankings to look at."""

from reid.ranked.callback import RankedLists

__all__ = ["RankedLists"]
