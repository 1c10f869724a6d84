"""The command line of a search, with a function in place of `fit`."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from reid.errors import InputError
from reid.fitting import Fitted, Told
from reid.search.command import search

SPACE = """
net.rate: {low: 1e-4, high: 1, log: true}
beta: {low: 0, high: 1, options: {net.first: value, net.second: 1 - value}}
"""


class Trainer:
    """Reads options, and trains nothing."""

    def __init__(self, root: Path) -> None:
        self.base = {
            "seed_everything": 7,
            "trainer": {"default_root_dir": str(root)},
            "net": {"rate": 0.1, "first": 1.0, "second": 1.0, "width": 3},
            "data": {"init_args": {"val_identities": 0.0}},
        }
        self.fits: list[dict[str, float]] = []

    def parse(self, words: Sequence[str]) -> str:
        config = json.loads(json.dumps(self.base))
        for word in words:
            option, _, value = word.removeprefix("--").partition("=")
            path = option.split(".")
            section = config["data"]["init_args"] if path[0] == "data" else config.get(path[0], {})
            if path[-1] not in section:
                raise InputError(f"Option '{path[-1]}' is not accepted")
            section[path[-1]] = yaml.safe_load(value)
        return yaml.safe_dump(config)

    def fit(self, words: Sequence[str], told: Told | None = None) -> Fitted:
        config = yaml.safe_load(self.parse(words))
        self.fits.append(config["net"])
        assert told
        told(0, {"mAP": 0.25, "loss": 3.0})
        assert config["trainer"]["default_root_dir"].endswith(f"trial_{len(self.fits) - 1:04d}")
        return Fitted({"mAP": config["net"]["first"] / 2, "loss": config["net"]["first"]}, {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "space.yaml").write_text(SPACE)
    return tmp_path


def words(folder: Path, *more: str) -> list[str]:
    own = ["--space", str(folder / "space.yaml"), "--storage", f"journal:{folder}/study.log"]
    return [*own, "--data.val_identities=0.1", *more]


def test_a_search_from_beginning_to_end(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Trials, table, files, and a config of the best that says where it comes from."""
    trainer = Trainer(folder / "runs")
    search(words(folder, "--trials", "4", "--startup", "2"), trainer.parse, trainer.fit)
    assert len(trainer.fits) == 4
    assert all(net["second"] == pytest.approx(1 - net["first"]) for net in trainer.fits)
    printed = capsys.readouterr().out
    root = folder / "runs/space"
    best = max(range(4), key=lambda trial: trainer.fits[trial]["first"])
    assert "seeds: 0 of the values, 7 of every run" in printed
    assert f"4 of 4 trials are done, best {trainer.fits[best]['first'] / 2:.4g} (trial {best})" in printed
    assert f"next: python train.py fit --config {root / 'best.yaml'}" in printed
    written = json.loads((root / "trials.json").read_text())
    assert (written["best_trial"], written["objective"], written["net.width"]) == (best, "mAP", 3)
    rows = list(csv.DictReader(io.StringIO((root / "trials.csv").read_text())))
    for row, trial, net in zip(rows, written["trials"], trainer.fits, strict=True):
        assert row["state"] == trial["state"] == "complete"
        assert float(row["value"]) == trial["value"] == net["first"] / 2
        assert float(row["net.rate"]) == trial["values"]["net.rate"] == net["rate"]
        assert row["folder"] == str(root / f"trial_{int(row['trial']):04d}")
    text = (root / "best.yaml").read_text()
    assert yaml.safe_load(text)["net"] == trainer.fits[best]
    assert yaml.safe_load(text)["trainer"]["default_root_dir"] == str(folder / "runs")
    assert f"# Trial {best}, the best of 4 complete ones of study space" in text


def test_no_trials_shows_what_there_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trainer = Trainer(folder / "runs")
    with pytest.raises(InputError, match="holds no such study; begin it with --trials above 0"):
        search(words(folder, "--trials", "0"), trainer.parse, trainer.fit)
    search(words(folder, "--trials", "2"), trainer.parse, trainer.fit)
    table = capsys.readouterr().out.split("trial  state")[1]
    (folder / "runs/space/best.yaml").unlink()
    search(words(folder, "--trials", "0"), trainer.parse, trainer.fit)
    assert len(trainer.fits) == 2
    assert capsys.readouterr().out.split("trial  state")[1] == table
    assert (folder / "runs/space/best.yaml").exists()


def test_another_objective_the_other_way(folder: Path) -> None:
    trainer = Trainer(folder / "runs")
    search(
        words(folder, "--trials=3", "--objective=loss", "--direction=minimize", "--study=low"),
        trainer.parse,
        trainer.fit,
    )
    best = yaml.safe_load((folder / "runs/low/best.yaml").read_text())
    assert best["net"]["first"] == min(net["first"] for net in trainer.fits)


MISTAKES = {
    "--storage=study.log": "expected journal:FILE",
    "--trials=-1": "argument --trials: '-1' is not a number of 0 or more",
    "--study=a/b": "'a/b' is no name for a folder",
    "--lost_after=0": "'0' is not a number of seconds above 0",
    "--space=nowhere.yaml": "nowhere.yaml: cannot be read",
    "--net.hght=3": "Option 'hght' is not accepted",
    "--objective=CMC-1": "--objective CMC-1: not logged; logged are loss, mAP",
    "--data.val_identities=0": "hold training people out",
    "--direction=up": "invalid choice: 'up'",
}


@pytest.mark.parametrize("word", MISTAKES)
def test_a_mistake_is_one_line(folder: Path, word: str) -> None:
    trainer = Trainer(folder / "runs")
    with pytest.raises(InputError) as caught:
        search(words(folder, word), trainer.parse, trainer.fit)
    assert MISTAKES[word] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_test_people_may_decide_if_the_user_says_so(folder: Path) -> None:
    trainer = Trainer(folder / "runs")
    given = words(folder, "--data.val_identities=0", "--on_test_people", "--trials=1")
    search(given, trainer.parse, trainer.fit)
    assert len(trainer.fits) == 1


def test_a_misspelt_option_in_the_space_ends_the_search_before_it_begins(folder: Path) -> None:
    (folder / "space.yaml").write_text(SPACE + "net.wdth: {choices: [2, 3]}\n")
    trainer = Trainer(folder / "runs")
    with pytest.raises(InputError, match=r"space.yaml: --net.wdth=2: Option 'wdth' is not accepted"):
        search(words(folder), trainer.parse, trainer.fit)
    assert not trainer.fits
    assert not (folder / "study.log").exists()


def test_another_config_is_another_study(folder: Path) -> None:
    trainer = Trainer(folder / "runs")
    search(words(folder, "--trials=1"), trainer.parse, trainer.fit)
    with pytest.raises(InputError, match=r"--study space: its trials are not comparable: net.width was 3 and is 4"):
        search(words(folder, "--net.width=4"), trainer.parse, trainer.fit)


def test_a_folder_that_cannot_be_made_is_one_line(folder: Path) -> None:
    trainer = Trainer(folder / "space.yaml")
    with pytest.raises(InputError, match=r"trials.csv: cannot be written \(Not a directory\); choose another root"):
        search(words(folder, "--trials=1"), trainer.parse, trainer.fit)
