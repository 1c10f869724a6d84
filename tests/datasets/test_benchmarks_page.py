"""docs/benchmarks.md: its commands work, its counts are those of the code."""

import re
import shlex
from pathlib import Path

import pytest
from lightning.pytorch import LightningDataModule, LightningModule

import datasets
from datasets.__main__ import main
from train import ReIDCLI

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/benchmarks.md").read_text()
LINES = [line for block in re.findall(r"```bash\n(.*?)```", PAGE, flags=re.DOTALL) for line in block.splitlines()]
CHECKS = [line for line in LINES if line.startswith("python -m datasets check")]
RUNS = [line for line in LINES if line.startswith("python train.py")]


@pytest.mark.parametrize("duke_style", ["old"], indirect=True)
def test_every_check_passes_miniatures(
    mars_root: Path, ilids_root: Path, duke_root: Path, lsvid_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roots = {"/data/mars": mars_root, "/data/ilids": ilids_root, "/data/duke": duke_root, "/data/lsvid": lsvid_root}
    assert len(CHECKS) == 4
    for line in CHECKS:
        words = [str(roots.get(word, word)) for word in shlex.split(line)]
        assert main([*words[3:], "--counts", "any"]) == 0, line
    assert capsys.readouterr().out.count("all right\n") == 4


@pytest.mark.parametrize("line", RUNS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_training_command_is_understood(line: str) -> None:
    _, _, _, *words = shlex.split(line)
    if "--ckpt_path" in words:  # an option of the command, not of the experiment
        place = words.index("--ckpt_path")
        del words[place : place + 2]
    parsed = type("Parsed", (ReIDCLI,), {"instantiate_classes": lambda _cli: None})
    cli = parsed(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        auto_configure_optimizers=False,
        run=False,
        args=[str(ROOT / word) if word.startswith("configs/") else word for word in words],
    )
    assert "/data/" in str(cli.config.data.init_args.benchmark)


def test_the_counts_are_those_of_the_code() -> None:
    rows = {
        "training tracklets": "train_tracklets",
        "training frames": "train_images",
        "queries": "query_tracklets",
        "gallery tracklets": "gallery_tracklets",
    }
    expected = [
        datasets.mars._PUBLISHED["official"],
        datasets.mars._PUBLISHED["no_query"],
        datasets.dukevideo._PUBLISHED,
        datasets.lsvid._PUBLISHED["official"],
        datasets.lsvid._PUBLISHED["no_query"],
    ]
    for title, count in rows.items():
        (row,) = re.findall(rf"^\| {title} \|(.*)\|$", PAGE, flags=re.MULTILINE)
        assert [cell.strip() for cell in row.split("|")] == [f"{published[count]:,}" for published in expected], title


def test_every_benchmark_is_listed() -> None:
    for name in set(datasets.__all__) - {"Benchmark"}:
        assert f"| `datasets.{name}` |" in PAGE
