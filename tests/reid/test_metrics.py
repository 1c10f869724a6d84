"""The metric in one process and in several."""

import json
import pickle
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, multiprocessing, nn

from reid.errors import InputError
from reid.losses import CenterLoss
from reid.metrics import ReIDMetric
from reid.ranking import Labels, rank
from reid.types import Features, Output

PERSON = [0, 0, 1, 1, 2, 2, 3, 3, 0, 1, 2, 9, 9]
CAMERA = [0, 1, 0, 1, 0, 1, 0, 1, 2, 2, 2, 0, 1]
CLIPS = [1, 2, 3, 1, 1, 2, 4, 1, 1, 1, 2, 1, 3]
QUERY, GALLERY = [0, 2, 4, 6], [*range(13)]
WIDTH = 4
UNUSED = "ignore:The ``compute`` method:UserWarning"  # torchmetrics' own, where a process saw no clip

Clips = list[tuple[int, int]]  # tracklet and part


def metric_of(clips: list[int] = CLIPS) -> ReIDMetric:
    return ReIDMetric(PERSON, CAMERA, QUERY, GALLERY, clips, WIDTH)


def every_clip(clips: list[int] = CLIPS) -> Clips:
    return [(tracklet, part) for tracklet, count in enumerate(clips) for part in range(count)]


def embed(tracklet: int, part: int) -> Tensor:
    """Noise around the place of the person, the same in every process."""
    place = torch.randn(WIDTH, generator=torch.Generator().manual_seed(PERSON[tracklet]))
    return place + torch.randn(WIDTH, generator=torch.Generator().manual_seed(100 + 10 * tracklet + part))


def show(metric: ReIDMetric, clips: Clips, batch: int = 4) -> ReIDMetric:
    """Feed clips in batches."""
    for start in range(0, len(clips), batch):
        some = clips[start : start + batch]
        tracklet, part = torch.tensor(some).T
        metric.update(torch.stack([embed(*clip) for clip in some]), tracklet, part)
    return metric


def mean_embeddings(clips: list[int] = CLIPS) -> Tensor:
    rows = [torch.stack([embed(tracklet, part) for part in range(count)]) for tracklet, count in enumerate(clips)]
    return torch.stack([row.mean(0) for row in rows])


def test_ranks_the_mean_of_each_tracklet() -> None:
    metric = show(metric_of(), every_clip())
    torch.testing.assert_close(metric.embeddings(), mean_embeddings())
    both = Labels(torch.tensor(PERSON), torch.tensor(CAMERA))
    asked = Labels(*(part[QUERY] for part in both))
    expected = rank(mean_embeddings()[QUERY], mean_embeddings(), asked, both)
    assert metric.compute().summary() == pytest.approx(expected.summary())
    assert metric.compute().excluded_pairs == len(QUERY)


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_order_batches_and_repeated_clips_do_not_matter(batch: int) -> None:
    clips = every_clip()[::-1]
    repeated = [clip for clip in clips for _ in range(2)] + clips[:5]
    torch.testing.assert_close(show(metric_of(), repeated, batch).embeddings(), mean_embeddings())


def test_options_reach_the_ranking() -> None:
    equal = torch.ones(13, WIDTH)
    scores = {}
    for ties in ("pessimistic", "optimistic"):
        metric = ReIDMetric(PERSON, CAMERA, QUERY, GALLERY, [1] * 13, WIDTH, "euclidean", "trapezoid", ties)
        metric.update(equal, torch.arange(13), torch.zeros(13, dtype=torch.long))
        scores[ties] = metric.compute().cmc(1)
    assert scores == {"pessimistic": 0.0, "optimistic": 1.0}


def test_half_embeddings_are_summed_in_float32() -> None:
    metric = metric_of([4097] + [1] * 12)
    values = torch.full((4097, WIDTH), 300.0, dtype=torch.bfloat16)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        metric.update(values, torch.zeros(4097, dtype=torch.long), torch.arange(4097))
        show(metric, every_clip([0] + [1] * 12))
        assert metric.embeddings()[0].tolist() == [300.0] * WIDTH
        assert metric.embeddings().dtype == torch.float32


def test_missing_clips_are_counted() -> None:
    metric = show(metric_of(), [clip for clip in every_clip() if clip not in {(2, 1), (12, 0), (12, 1)}])
    with pytest.raises(InputError, match=r"^2 of 13 tracklets \(the first: 2, 12\) lack an embedding of a clip"):
        metric.compute()


@pytest.mark.filterwarnings(UNUSED)
def test_a_metric_that_saw_nothing_says_so() -> None:
    with pytest.raises(InputError, match=r"^13 of 13 tracklets"):
        metric_of().compute()


def test_embeddings_that_are_not_finite_name_their_tracklets() -> None:
    metric = metric_of()
    metric.update(torch.full((1, WIDTH), torch.nan), torch.tensor([2]), torch.tensor([1]))
    show(metric, every_clip())
    with pytest.raises(InputError, match=r"^1 of 13 tracklet embeddings are not finite \(the first: 2\)"):
        metric.compute()


def test_errors_call_tracklets_by_their_names() -> None:
    names = [f"C{tracklet}" for tracklet in range(13)]
    metric = ReIDMetric(PERSON, CAMERA, QUERY, GALLERY, [1] * 13, WIDTH, names=names)
    show(metric, every_clip([1] * 13)[:-1])
    with pytest.raises(InputError, match=r"\(the first: C12\) lack an embedding"):
        metric.compute()
    metric.update(torch.full((1, WIDTH), torch.inf), torch.tensor([12]), torch.tensor([0]))
    with pytest.raises(InputError, match=r"^1 of 13 tracklet embeddings are not finite \(the first: C12\)"):
        metric.compute()


@pytest.mark.parametrize(("tracklet", "part"), [(13, 0), (-1, 0), (0, 1), (0, -1)])
def test_a_clip_that_does_not_exist_is_refused(tracklet: int, part: int) -> None:
    with pytest.raises(ValueError, match=rf"no such clip: tracklet \[{tracklet}\], part \[{part}\]"):
        metric_of().update(torch.zeros(2, WIDTH), torch.tensor([0, tracklet]), torch.tensor([0, part]))


@pytest.mark.parametrize("shape", [(2, WIDTH), (1, WIDTH + 1), (WIDTH,)])
def test_embeddings_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="embeddings for 1 clips of 4"):
        metric_of().update(torch.zeros(shape), torch.tensor([0]), torch.tensor([0]))


def test_labels_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="13 persons, 12 cameras and 13 numbers of clips"):
        ReIDMetric(PERSON, CAMERA[1:], QUERY, GALLERY, CLIPS, WIDTH)


def test_reset_forgets() -> None:
    metric = metric_of()
    metric.update(torch.full((1, WIDTH), 99.0), torch.tensor([2]), torch.tensor([1]))
    metric.reset()
    torch.testing.assert_close(show(metric, every_clip()).embeddings(), mean_embeddings())


def test_computing_goes_on_with_more_clips() -> None:
    metric = show(metric_of([1] * 13), every_clip([1] * 13))
    first = metric.compute().summary()
    show(metric, every_clip([1] * 13))
    assert metric.compute().summary() == first


class Holder(nn.Module):
    """What a LightningModule is to its metric."""

    def __init__(self) -> None:
        super().__init__()
        self.metric = metric_of()


def test_lives_in_a_module_without_leaving_a_trace_in_its_state() -> None:
    holder = Holder().to(torch.bfloat16)
    show(holder.metric, every_clip())
    assert not holder.state_dict()
    assert not list(holder.parameters())
    for copy in (deepcopy(holder), pickle.loads(pickle.dumps(holder))):  # noqa: S301
        torch.testing.assert_close(copy.metric.embeddings(), mean_embeddings())


def test_moves_to_a_device() -> None:
    metric = metric_of().to("meta")
    tensors = [metric.total, metric.seen, metric.person, metric.camera, metric.query, metric.gallery, metric.clips]
    assert {tensor.device.type for tensor in tensors} == {"meta"}


def strided(process: int, world: int) -> tuple[list[int], Clips]:
    """Every clip once, unequally shared."""
    return CLIPS, every_clip()[process::world]


def padded(process: int, world: int) -> tuple[list[int], Clips]:
    """As torch's DistributedSampler does: the first clips come again until all processes have the same number."""
    clips = every_clip([1] * 13)
    return [1] * 13, (clips + clips[: -len(clips) % world])[process::world]


def padded_alike(process: int, world: int) -> tuple[list[int], Clips]:
    """All clips of some tracklets in every process."""
    everywhere = [clip for clip in every_clip() if clip[0] in {2, 6}]
    return CLIPS, [clip for clip in every_clip() if clip not in everywhere][process::world] + everywhere


def idle(process: int, world: int) -> tuple[list[int], Clips]:
    """The last of several processes sees nothing."""
    workers = max(1, world - 1)
    return CLIPS, every_clip()[process::workers] if process < workers else []


def padded_unlike(process: int, world: int) -> tuple[list[int], Clips]:
    """One clip of a longer tracklet comes again in another process."""
    return CLIPS, [*every_clip()[process::world], (6, 0)]


def cut_short(process: int, world: int) -> tuple[list[int], Clips]:
    """The last clip is missing."""
    return CLIPS, every_clip()[:-1][process::world]


SHARES = (strided, padded, padded_alike, idle, padded_unlike, cut_short)
MISTAKES = {
    "padded_unlike": "1 of 13 tracklets (the first: 6) had only some of their clips repeated by a distributed sampler",
    "cut_short": "1 of 13 tracklets (the first: 12) lack an embedding of a clip",
}


def evaluate(share: Callable[[int, int], tuple[list[int], Clips]], process: int, world: int) -> dict[str, Any]:
    """Evaluate one share of the clips."""
    clips, shown = share(process, world)
    metric = show(metric_of(clips), shown)
    mine = metric.total.clone()
    try:
        summary = metric.compute().summary()
    except InputError as error:
        return {"error": str(error)}
    again = show(metric, shown).compute().summary()  # the states are this process's own again
    assert torch.equal(metric.total, mine)
    return {"summary": summary, "again": again, "embeddings": metric.embeddings().tolist()}


def move_centers(process: int, world: int) -> list[list[float]]:
    """Train centers for three steps on an unequal share of each batch."""
    loss = CenterLoss(4, WIDTH)
    for step in range(3):
        draw = torch.Generator().manual_seed(step)
        embedding, person = torch.randn(7, WIDTH, generator=draw), torch.randint(3, (7,), generator=draw)
        embedding, person = (part.tensor_split(world)[process] for part in (embedding, person))
        features = Features(embedding[:, :, None, None, None], embedding)
        loss(Output(embedding, embedding, embedding, embedding, embedding, features), person)
    centers: list[list[float]] = loss.centers.tolist()
    return centers


def work(process: int, folder: Path) -> None:
    """Do everything as one of one, two and three processes."""
    torch.set_num_threads(1)  # threads of the parent do not survive a fork
    for world in range(process + 1, 4):
        address = f"file://{folder}/meet-{world}"
        distributed.init_process_group("gloo", init_method=address, rank=process, world_size=world)
        found: dict[str, Any] = {share.__name__: evaluate(share, process, world) for share in SHARES}
        found["centers"] = move_centers(process, world)
        (folder / f"{world}-{process}.json").write_text(json.dumps(found))
        distributed.destroy_process_group()


@pytest.mark.ddp
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning", UNUSED)
def test_one_two_and_three_processes_agree(tmp_path: Path) -> None:
    multiprocessing.start_processes(work, (tmp_path,), nprocs=3, start_method="fork")  # type: ignore[no-untyped-call,attr-defined]
    alone = {share.__name__: evaluate(share, 0, 1) for share in SHARES}
    for path in sorted(tmp_path.glob("*.json")):
        found, several = json.loads(path.read_text()), not path.name.startswith("1-")
        torch.testing.assert_close(torch.tensor(found["centers"]), torch.tensor(move_centers(0, 1)))
        for name in ("strided", "padded", "padded_alike", "idle"):
            assert found[name]["summary"] == pytest.approx(alone[name]["summary"], rel=1e-12), (path.name, name)
            assert found[name]["again"] == found[name]["summary"]
            expected = mean_embeddings([1] * 13 if name == "padded" else CLIPS)
            torch.testing.assert_close(torch.tensor(found[name]["embeddings"]), expected)
        for name in MISTAKES if several else ["cut_short"]:
            assert found[name]["error"].startswith(MISTAKES[name])
    assert len(list(tmp_path.glob("*.json"))) == 6
