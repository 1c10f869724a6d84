"""The clips that methods are judged on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from torch import Tensor

from explain.command.chase import Chase
from explain.command.inquiry import Side
from explain.metrics.order import Unit
from explain.sinks.folder import Facts
from explain.targets import Target
from reid.errors import InputError

Item = TypeVar("Item")


class Case(NamedTuple):
    """A clip that every method explains."""

    side: Side
    """The clip, and the score that is explained."""
    watched: Target
    """The score that is watched while the clip is taken apart."""
    masks: Tensor | None = None
    """[T,H,W] what its pixels show, where that is known."""
    tracklet: int = -1
    """Its index in the benchmark, where it is a query of one."""


@dataclass(slots=True, eq=False)
class Docket:
    """All clips, each read when its turn comes.

    Attributes:
        noun: what the clips are, in the plural.
        cases: reads one of them.
        facts: where they come from.
        ranked: measures a map by the ranking of its clip, where there is one.
        broken: why clips could not be read.
    """

    noun: str
    cases: Sequence[Callable[[], Case]]
    facts: Facts
    ranked: Callable[[Unit], Chase] | None = None
    broken: list[str] = field(default_factory=list)

    def read(self) -> Iterator[tuple[int, Case]]:
        """Give the clips with their numbers, from 1; note those that cannot be read."""
        for number, read in enumerate(self.cases, 1):
            try:
                case = read()
            except InputError as error:
                self.broken.append(str(error))
            else:
                yield number, case


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """Choose some, evenly.

    >>> spread("abcdefgh", 3), spread("ab", 3)
    (['a', 'c', 'f'], ['a', 'b'])
    """
    count = min(count, len(items))
    return [items[place * len(items) // count] for place in range(count)]
