"""Pictures of rankings after an evaluation of the clips that live in memory."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from typing_extensions import override

from datasets.datamodule import ReIDDataModule
from datasets.sampling import Evenly
from datasets.synthetic import Synthetic
from reid.backbones import ResNetTA
from reid.errors import InputError
from reid.losses import IdentityLoss
from reid.module import ReIDModule
from reid.ranked import RankedLists
from reid.ranked.strip import COLOURS
from tests.full_disk import files_no_larger_than


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    root = tmp_path_factory.mktemp("people") / "synthetic"
    return Synthetic(
        root,
        train_persons=2,
        test_persons=4,
        group_size=2,
        cameras=2,
        tracklets=2,
        frames=(3, 4),
        distractors=1,
        junk=1,
    )


def run(folder: Path, people: Synthetic, *callbacks: Callback, stage: str = "test") -> None:
    module = ReIDModule(ResNetTA(18, (32, 16)), 2, {"identity": IdentityLoss()})
    data = ReIDDataModule(people, 2, 2, test_sampling=Evenly(2), batches_per_epoch=1, workers=0)
    trainer: Any = Trainer(
        accelerator="cpu",
        logger=TensorBoardLogger(folder, name="", version=""),
        callbacks=[*callbacks],
        enable_progress_bar=False,
        enable_checkpointing=False,
        max_epochs=1,
    )
    getattr(trainer, stage)(module, datamodule=data)


@pytest.mark.parametrize("stage", ["validate", "test"])
def test_a_strip_for_each_tracklet(tmp_path: Path, people: Synthetic, stage: str) -> None:
    run(tmp_path, people, RankedLists(count=3, queries=2, frames=2), stage=stage)
    told = json.loads((tmp_path / "ranked" / "ranked.json").read_text())
    assert len(told) == 2
    for entry in told:
        ranks = [place["rank"] for place in entry["ranked"] if place["rank"]]
        assert ranks == [1, 2, 3]
        query = entry["query"]
        assert query["tracklet"] not in [place["tracklet"] for place in entry["ranked"]]
        for place in entry["ranked"]:
            same = place["person"] == query["person"]
            junk = same and place["camera"] == query["camera"]
            assert place["verdict"] == ("junk" if junk else "right" if same else "wrong")
            assert all(Path(frame).is_file() for frame in place["frames"])
        distances = [place["distance"] for place in entry["ranked"]]
        assert distances == sorted(distances)
        picture = np.asarray(Image.open(tmp_path / "ranked" / entry["picture"]))
        edges = [tuple(picture[120 * row + 6 * row + 1, 195]) for row in range(len(entry["ranked"]) + 1)]
        assert edges == [COLOURS["query"], *(COLOURS[place["verdict"]] for place in entry["ranked"])]
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    shown = [tag for tag in events.Tags()["images"] if tag.startswith("ranked/")]
    assert shown == [f"ranked/{entry['query']['tracklet']}" for entry in told]


class Alone(Callback):
    """From the end of the evaluation on, the other processes answer no more."""

    @override
    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        def refuse() -> None:
            raise AssertionError("one process alone asks all of them")

        pl_module.metric.embeddings = refuse  # type: ignore[union-attr]


def test_one_process_draws_without_the_others(tmp_path: Path, people: Synthetic) -> None:
    run(tmp_path, people, Alone(), RankedLists(count=1, queries=2))
    assert (tmp_path / "ranked" / "ranked.json").exists()


def test_queries_are_chosen_by_name(tmp_path: Path, people: Synthetic) -> None:
    name = people.query[3].name
    run(tmp_path, people, RankedLists(count=1, queries=[name]))
    assert [path.name for path in (tmp_path / "ranked").glob("*.png")] == [f"{name}.png"]
    with pytest.raises(InputError, match="ranked query nobody: no query of Synthetic, whose are "):
        run(tmp_path, people, RankedLists(queries=["nobody"]))


def test_nothing_is_drawn_while_a_model_trains(tmp_path: Path, people: Synthetic) -> None:
    run(tmp_path, people, RankedLists(), stage="fit")
    assert not (tmp_path / "ranked").exists()


@pytest.mark.parametrize("options", [{"count": 0}, {"queries": 0}, {"frames": 0}])
def test_there_must_be_something_to_show(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="must be 1 or more"):
        RankedLists(**options)


@pytest.mark.parametrize("room", [1000, 20_000])
def test_a_full_disk_is_an_error_and_no_file_is_half_written(tmp_path: Path, people: Synthetic, room: int) -> None:
    with files_no_larger_than(room), pytest.raises(InputError, match=r"cannot be written \(File too large\)"):
        run(tmp_path, people, RankedLists())
    assert not list(tmp_path.rglob(".*.tmp"))
    assert not list(tmp_path.rglob("*.png"))
