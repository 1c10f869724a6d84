"""TCAM proved where every body is known: the synthetic shots, several runs.

    python -m benchmarks.localization --output runs/localization

Each run has its own data and seed. The classifier is trained once a run, LayerCAM is its map; TCAM learns from
that map, without looking at frames before (n = 0) and with one (n = 1). Thresholds are chosen on the validation split;
the table shows CorLoc on the test split. What has been trained already is not trained again.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "configs" / "localization"
ROWS = ("mean box", "LayerCAM", "TCAM, n = 0", "TCAM, n = 1")


def train(folder: Path, config: str, run: int, options: Sequence[str] = ()) -> dict[str, Any]:
    """Fit and test below a folder, unless it is done; returns the test's results."""
    done = folder / "test.json"
    if not done.exists():
        shared = [f"--data.benchmark.run={run}", f"--seed_everything={run}", *options]
        command("fit", config, f"--trainer.default_root_dir={folder}", *shared)
        best = max(
            folder.glob("lightning_logs/*/checkpoints/best_localization.ckpt"), key=lambda path: path.stat().st_mtime
        )
        command("test", config, f"--trainer.default_root_dir={folder / 'test'}", f"--ckpt_path={best}", *shared)
        (found,) = (folder / "test").rglob("results.json")
        done.write_text(found.read_text())
    results: dict[str, Any] = json.loads(done.read_text())
    return results


def command(name: str, config: str, *words: str) -> None:
    """Run `train.py`."""
    quiet = ["--trainer.enable_progress_bar=false", "--trainer.enable_model_summary=false"]
    line = [sys.executable, ROOT / "train.py", name, f"--config={CONFIGS / config}", *words, *quiet]
    subprocess.run(line, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words


def corloc(folder: Path, run: int) -> list[float]:
    """CorLoc of each row in one run, per cent."""
    classifier = train(folder / "classifier", "synthetic_classifier.yaml", run)
    tcam = [
        train(
            folder / f"tcam_{neighbours}",
            "synthetic_tcam.yaml",
            run,
            [
                f"--model.classifier={folder / 'classifier'}",
                f"--model.cams={folder / 'cams'}",
                f"--model.neighbours={neighbours}",
            ],
        )
        for neighbours in (0, 1)
    ]
    return [100 * score for score in (classifier["mean_box"], *(one["corloc"] for one in (classifier, *tcam)))]


def main() -> None:
    """Train, and print the table."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--runs", type=int, nargs="+", default=[0, 1, 2])
    flags.add_argument("--output", type=Path, required=True, help="folder of the runs")
    given = flags.parse_args()
    print(f"| CorLoc % | {' | '.join(ROWS)} |\n|{'---|' * (len(ROWS) + 1)}")
    found, started = [], time.perf_counter()
    for run in given.runs:
        found.append(corloc(given.output.resolve() / f"run_{run}", run))
        print(f"| run {run} | {' | '.join(f'{score:.1f}' for score in found[-1])} |", flush=True)
    means = [fmean(column) for column in zip(*found, strict=True)]
    print(f"| mean | {' | '.join(f'{score:.1f}' for score in means)} |")
    print(f"\n{time.perf_counter() - started:.0f} s; TCAM above LayerCAM by {means[3] - means[1]:.1f} points")
    assert all(run[3] > run[1] for run in found), "a run is below its own LayerCAM"


if __name__ == "__main__":
    main()
