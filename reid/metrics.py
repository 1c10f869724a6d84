"""The evaluation of a ReID model as a torchmetrics metric."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torchmetrics import Metric
from typing_extensions import override

from reid.distances import Distance, Distances, Rows, require_finite
from reid.errors import InputError
from reid.protocol import Evaluation
from reid.ranking import AveragePrecision, Labels, Ranking, Ties, rank_distances
from reid.refinements import Refinement


class ReIDMetric(Metric):
    """Average the clips of each test tracklet, then rank.

    Memory is one embedding per tracklet, whatever its length. Processes may see any share of the clips, none included:
    sums and counts are added up. A clip that comes twice in one process counts once. Padding that repeats clips in
    *different* processes does no harm as long as it repeats all clips of a tracklet alike; else the tracklet's mean is
    lost, which is an error and never a wrong number.

    Args:
        person: [N] identity of each unique test tracklet.
        camera: [N] camera of each.
        query: indices of the tracklets that are asked for.
        gallery: indices of the tracklets that are ranked; they may include the queries.
        clips: [N] number of clips each tracklet is cut into.
        width: D, the length of an embedding.
        distance: how embeddings are compared.
        average_precision: see `reid.ranking.rank`.
        ties: see `reid.ranking.rank`.
        names: [N] what errors call each tracklet; nothing numbers them.

    Raises:
        ValueError: `person`, `camera` and `clips` differ in length.

    >>> metric = ReIDMetric([1, 1, 2], [0, 1, 1], query=[0], gallery=[1, 2], clips=[1, 2, 1], width=1)
    >>> embedding, tracklet, part = torch.tensor([[4.0], [1.0], [3.0], [-5.0]]), [0, 1, 1, 2], [0, 0, 1, 0]
    >>> metric.update(embedding, torch.tensor(tracklet), torch.tensor(part))
    >>> metric.embeddings().flatten().tolist(), metric.compute().mean_average_precision
    ([4.0, 2.0, -5.0], 1.0)
    """

    full_state_update = False
    higher_is_better = True

    person: Tensor
    camera: Tensor
    query: Tensor
    gallery: Tensor
    clips: Tensor
    total: Tensor
    """[N,D] float32 sum of the clips of each tracklet."""
    seen: Tensor
    """[all clips] how often each clip was seen; the clips of a tracklet stand together."""

    def __init__(
        self,
        person: Sequence[int],
        camera: Sequence[int],
        query: Sequence[int],
        gallery: Sequence[int],
        clips: Sequence[int],
        width: int,
        distance: Distance = "cosine",
        average_precision: AveragePrecision = "step",
        ties: Ties = "pessimistic",
        names: Sequence[str] = (),
    ) -> None:
        # `embeddings` gathers by itself, and whenever it is called: a process that saw no clip must not use a cache
        super().__init__(sync_on_compute=False, compute_with_cache=False)
        if not len(person) == len(camera) == len(clips):
            raise ValueError(f"{len(person)} persons, {len(camera)} cameras and {len(clips)} numbers of clips")
        self.distance: Distance = distance
        self.average_precision: AveragePrecision = average_precision
        self.ties: Ties = ties
        self.names = tuple(names)
        for name, numbers in {
            "person": person,
            "camera": camera,
            "query": query,
            "gallery": gallery,
            "clips": clips,
        }.items():
            self.register_buffer(name, torch.as_tensor(numbers, dtype=torch.long), persistent=False)
        self.add_state("total", torch.zeros(len(person), width), dist_reduce_fx="sum")
        self.add_state("seen", torch.zeros(sum(clips), dtype=torch.long), dist_reduce_fx="sum")

    @classmethod
    def of(
        cls, evaluation: Evaluation, width: int, distance: Distance, average_precision: AveragePrecision = "step"
    ) -> "ReIDMetric":
        """Make the metric of an evaluation; the other arguments as above."""
        return cls(
            [tracklet.person for tracklet in evaluation.tracklets],
            [tracklet.camera for tracklet in evaluation.tracklets],
            evaluation.query,
            evaluation.gallery,
            evaluation.clips,
            width,
            distance,
            average_precision,
            names=[tracklet.name for tracklet in evaluation.tracklets],
        )

    @override
    def update(self, embedding: Tensor, tracklet: Tensor, part: Tensor) -> None:
        """Take in B clips.

        Args:
            embedding: [B,D]
            tracklet: [B] index of the clip's tracklet.
            part: [B] which clip of the tracklet it is.

        Raises:
            ValueError: there is no such clip, or `embedding` has another shape.
        """
        if embedding.shape != (len(tracklet), self.total.shape[1]):
            raise ValueError(f"{tuple(embedding.shape)} embeddings for {len(tracklet)} clips of {self.total.shape[1]}")
        clip = self._clip(tracklet, part)
        repeated = clip[:, None].eq(clip).tril(-1).any(1)  # within this batch
        new = (self.seen[clip] == 0) & ~repeated
        self.total.index_add_(0, tracklet[new], embedding[new].to(self.total.dtype))
        self.seen[clip[new]] = 1

    def _clip(self, tracklet: Tensor, part: Tensor) -> Tensor:
        """Number the clips over all tracklets, [B] and [B] -> [B]."""
        exists = (tracklet >= 0) & (tracklet < len(self.clips))
        if exists.all():
            exists = (part >= 0) & (part < self.clips[tracklet])
        if not exists.all():
            raise ValueError(f"no such clip: tracklet {tracklet[~exists].tolist()}, part {part[~exists].tolist()}")
        return (self.clips.cumsum(0) - self.clips)[tracklet] + part

    def embeddings(self) -> Tensor:
        """Average the clips of each tracklet, over all processes. [N,D].

        Raises:
            InputError: a clip is missing, was padded unlike the rest of its tracklet, or its embedding is not finite.
        """
        with self.sync_context():
            total, seen = self.total, self.seen
        tracklet = torch.arange(len(total), device=seen.device).repeat_interleave(self.clips)  # of each clip
        counts = seen.new_zeros(len(total)).index_add_(0, tracklet, seen)
        self._refuse(tracklet[seen == 0], "lack an embedding of a clip: the evaluation must see every clip")
        self._refuse(
            tracklet[seen * self.clips[tracklet] != counts[tracklet]],
            "had only some of their clips repeated by a distributed sampler: use the samplers of this project and "
            "Trainer(use_distributed_sampler=False)",
        )
        embeddings = total / counts[:, None]
        require_finite(embeddings, "tracklet", self.names)
        return embeddings

    def _refuse(self, tracklets: Tensor, problem: str) -> None:
        """Raise if there are any tracklets with a problem."""
        found = sorted(set(tracklets.tolist()))
        if found:
            first = ", ".join(self.names[tracklet] if self.names else str(tracklet) for tracklet in found[:5])
            raise InputError(f"{len(found):,} of {len(self.clips):,} tracklets (the first: {first}) {problem}")

    def labels(self, side: Tensor) -> Labels:
        """Whom the tracklets of a side show, `query` or `gallery`, and where."""
        return Labels(self.person[side], self.camera[side])

    @override
    def compute(self) -> Ranking:
        """Rank the gallery for every query, on every process alike."""
        return self.rank(self.embeddings())

    def rank(self, embeddings: Tensor, refinement: Refinement | None = None) -> Ranking:
        """Rank by the embeddings [N,D] of the tracklets.

        Args:
            embeddings: as `embeddings` returns them.
            refinement: turns them into better distances; None compares each pair by itself.
        """
        return rank_distances(
            self.distances(embeddings, refinement),
            self.labels(self.query),
            self.labels(self.gallery),
            self.average_precision,
            self.ties,
        )

    def distances(self, embeddings: Tensor, refinement: Refinement | None = None) -> Rows:
        """Compare the queries with the gallery, [Q,G]; arguments as for `rank`."""
        if refinement is None:
            return Distances(embeddings[self.query], embeddings[self.gallery], self.distance)
        return refinement(embeddings, self.query, self.gallery, self.distance)

    @override
    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = "") -> nn.Module:
        """Move to a device, but stay exact where a module in half precision casts all that it holds."""
        return super()._apply(lambda tensor: fn(tensor).to(tensor.dtype), exclude_state)
