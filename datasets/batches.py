"""Which tracklets come together: P persons x K tracklets in training, a share for each process in evaluation."""

from collections.abc import Iterator, Sequence
from itertools import chain, count, cycle, islice
from typing import Literal, Self

import torch
from torch.utils.data import Sampler
from typing_extensions import override

from reid.draws import seed_of
from reid.errors import InputError


class IdentityBatches(Sampler[list[tuple[int, int]]]):
    """Batches of P identities x K tracklets for one process of several.

    A batch lists pairs of a tracklet's index and a seed, from which the data set draws its frames and augmentation.
    All processes make the same plan of an epoch from `seed` and the epoch's number, and take their own share of each
    step: the identities of a step differ within a process and between processes. An identity of fewer than K
    tracklets shows all of them before any repeats, with other frames.

    Under Lightning pass it as `batch_sampler` and set `use_distributed_sampler=False`.

    Args:
        persons: person of each training tracklet.
        identities_per_batch: P, for each process.
        tracklets_per_identity: K.
        plan: "all_groups" cuts the shuffled tracklets of each identity into groups of K, drops the rest, and spends
            the groups (torchreid; it ends early at random, here less than a step is left over, unless one identity
            owns more groups than there are steps). "one_visit" takes one group of each identity (Gao and Nevatia
            2018). On MARS with P 8, K 4 an epoch has 235 or 78 batches.
        seed: of all random choices.
        rank: number of this process.
        world: number of processes.
        batches: batches per epoch; the plan is repeated, or cut, to this length. None leaves it to the plan.

    Raises:
        InputError: there are fewer identities than a step needs, or a number is less than 1.
    """

    def __init__(
        self,
        persons: Sequence[int],
        identities_per_batch: int,
        tracklets_per_identity: int,
        plan: Literal["all_groups", "one_visit"] = "all_groups",
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        batches: int | None = None,
    ) -> None:
        _require_positive(identities_per_batch, tracklets_per_identity, batches)
        if not 0 <= rank < world:
            raise ValueError(f"rank {rank} of {world} processes")
        self.tracklets_per_identity = tracklets_per_identity
        self.plan: Literal["all_groups", "one_visit"] = plan
        self.seed = seed
        self.epoch = 0
        self._resumed = (0, 0)
        self._tracklets = _by_person(persons)
        self._identities = identities_per_batch * world  # of a step, all processes together
        if len(self._tracklets) < self._identities:
            raise InputError(
                f"a step needs {self._identities} identities ({identities_per_batch} on each of {world} processes) "
                f"but there are {len(self._tracklets)} training people: lower identities_per_batch"
            )
        size = identities_per_batch * tracklets_per_identity
        self._share = slice(rank * size, (rank + 1) * size)
        self._steps = self._steps_of_plan()
        self._length = self._steps if batches is None else batches

    @property
    def sampler(self) -> Self:
        """Itself: Lightning passes the number of the epoch to `batch_sampler.sampler` only."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Name the epoch that the next iteration gives."""
        self.epoch = epoch

    def resume(self, epoch: int, batches: int) -> None:
        """Go on in the middle of an epoch: it starts after this many batches; later epochs are whole."""
        self._resumed = (epoch, batches)
        self.epoch = epoch

    @override
    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch, (resumed, done) = self.epoch, self._resumed
        for step, tracklets in enumerate(self._epoch(epoch)):
            if epoch != resumed or step >= done:
                drawn = [(tracklet, seed_of(self.seed, epoch, step, place)) for place, tracklet in enumerate(tracklets)]
                yield drawn[self._share]

    def __len__(self) -> int:
        """Return the number of batches of an epoch, the same in all epochs and processes."""
        return self._length

    def _epoch(self, epoch: int) -> Iterator[list[int]]:
        """The tracklets of each step of an epoch, of all processes."""
        generator = torch.Generator().manual_seed(seed_of(self.seed, epoch))
        passes = (self._pass(generator) for _ in count())
        return islice(chain.from_iterable(passes), self._length)

    def _pass(self, generator: torch.Generator) -> Iterator[list[int]]:
        """The tracklets of each step of the plan, of all processes, all groups but the surplus once.

        Identities are drawn without replacement, each with a weight of its groups that are left (exponential keys of
        Efraimidis and Spirakis 2006). One with as many groups as there are steps left is due: it is in every step from
        now on. So the groups always fit: with r steps left there are r * identities groups, no identity has more
        than r of them, and hence at least the needed number of identities has some.
        """
        groups = [self._groups(tracklets, generator) for tracklets in self._tracklets]
        left = self._without_surplus(torch.tensor([len(each) for each in groups]), generator)
        for steps_left in range(self._steps, 0, -1):
            keys = (-torch.rand(len(left), generator=generator, dtype=torch.float64)).log1p() / left
            keys = keys.masked_fill(left == 0, -torch.inf).masked_fill(left == steps_left, torch.inf)
            drawn = keys.topk(self._identities).indices
            left[drawn] -= 1
            shuffled = drawn[torch.randperm(len(drawn), generator=generator)].tolist()
            yield [tracklet for identity in shuffled for tracklet in groups[identity].pop()]

    def _groups(self, tracklets: list[int], generator: torch.Generator) -> list[list[int]]:
        """Groups of K tracklets of one identity."""
        size = self.tracklets_per_identity
        order = [tracklets[place] for place in torch.randperm(len(tracklets), generator=generator).tolist()]
        order = list(islice(cycle(order), max(size, len(order))))
        return [order[i * size : (i + 1) * size] for i in range(self._group_count(tracklets))]

    def _group_count(self, tracklets: list[int]) -> int:
        """How many groups an identity has."""
        return max(len(tracklets) // self.tracklets_per_identity, 1) if self.plan == "all_groups" else 1

    def _steps_of_plan(self) -> int:
        """The most steps that can be made of the groups, when an identity is at most once in a step."""
        counts = [self._group_count(tracklets) for tracklets in self._tracklets]
        steps = sum(counts) // self._identities
        while sum(min(groups, steps) for groups in counts) < steps * self._identities:
            steps -= 1
        return steps

    def _without_surplus(self, counts: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Number of groups of each identity after some were dropped at random, so that the steps use up all."""
        counts = counts.clamp(max=self._steps)
        owners = torch.arange(len(counts)).repeat_interleave(counts)
        kept = torch.randperm(len(owners), generator=generator)[: self._steps * self._identities]
        return owners[kept].bincount(minlength=len(counts))


class EvaluationShare(Sampler[int]):
    """Every `world`-th item from `rank` on: each item exactly once over all processes, without padding.

    Args:
        length: number of items.
        rank: number of this process.
        world: number of processes.

    >>> [list(EvaluationShare(5, rank, world=2)) for rank in (0, 1)]
    [[0, 2, 4], [1, 3]]
    """

    def __init__(self, length: int, rank: int = 0, world: int = 1) -> None:
        self._items = range(rank, length, world)

    @override
    def __iter__(self) -> Iterator[int]:
        return iter(self._items)

    def __len__(self) -> int:
        """Return the number of items of this process."""
        return len(self._items)


def _by_person(persons: Sequence[int]) -> list[list[int]]:
    """Indices of the tracklets of each person, persons in ascending order."""
    tracklets: dict[int, list[int]] = {person: [] for person in sorted(set(persons))}
    for index, person in enumerate(persons):
        tracklets[person].append(index)
    return list(tracklets.values())


def _require_positive(identities: int, tracklets: int, batches: int | None) -> None:
    given = {"identities_per_batch": identities, "tracklets_per_identity": tracklets, "batches_per_epoch": batches}
    for name, value in given.items():
        if value is not None and value < 1:
            raise InputError(f"{name}: {value} given, expected at least 1")
