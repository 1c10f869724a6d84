"""Kill real trainings at random times, go on with `--resume auto`, and compare what comes out in the end.

    python -m benchmarks.kills --output runs/kills

A run is a small training of `train.py`. It is ended `--kills` times by the next of `--signals`, each time a random
number of checkpoints and a random part of a second after its start, and goes on each time; then it is left alone, and
its weights are compared with those of a run that was never touched. A signal with "group" goes to the workers too, as
Ctrl-C and schedulers do. After every kill all checkpoints are read.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from reid.errors import InputError
from reid.weights import read_checkpoint, tensors_of

ROOT = Path(__file__).parents[1]
EVERY = 3
"""Steps from one checkpoint to the next."""
EXPECTED = {"KILL": -9, "TERM": 143, "INT": 130}
CHECKPOINT = "lightning.pytorch.callbacks.ModelCheckpoint"


class Kill(NamedTuple):
    """How one process was ended.

    Attributes:
        signal: that was sent, such as "TERM group".
        status: with which it ended.
        steps: that it had done, by its newest checkpoint; -1 without one.
        broken: number of checkpoints that do not load.
    """

    signal: str
    status: int
    steps: int
    broken: int


def config(folder: Path, epochs: int, batches: int, workers: int) -> Path:
    """Write the config of a small training with random clips, dropout, a center loss and two checkpoint callbacks."""
    people = {"train_persons": 8, "test_persons": 4, "cameras": 2, "tracklets": 1, "distractors": 2}
    checkpoints: list[dict[str, Any]] = [
        {"filename": "last", "every_n_train_steps": EVERY, "enable_version_counter": False},
        {"filename": "best", "monitor": "mAP", "mode": "max", "enable_version_counter": False},
    ]
    content = {
        "seed_everything": 0,
        "trainer": {
            "accelerator": "cpu",
            "max_epochs": epochs,
            "log_every_n_steps": 5,
            "num_sanity_val_steps": 0,
            "enable_progress_bar": False,
            "callbacks": [{"class_path": CHECKPOINT, "init_args": each} for each in checkpoints],
        },
        "model": {
            "class_path": "reid.module.ReIDModule",
            "init_args": {
                "backbone": {"class_path": "reid.backbones.SmallResNet", "init_args": {"size": [16, 16]}},
                "num_identities": 8,
                "losses": {
                    "identity": {"class_path": "reid.losses.IdentityLoss"},
                    "triplet": {"class_path": "reid.losses.TripletLoss"},
                    "center": {"class_path": "reid.losses.CenterLoss", "init_args": {"num_identities": 8, "width": 64}},
                },
                "scheduler": {
                    "class_path": "reid.schedule.WarmupCosine",
                    "init_args": {"epochs": epochs, "warmup_epochs": 1},
                },
            },
        },
        "data": {
            "class_path": "datasets.datamodule.ReIDDataModule",
            "init_args": {
                "benchmark": {
                    "class_path": "datasets.Synthetic",
                    "init_args": {"root": str(folder / "people"), "height": 32, "width": 16, **people},
                },
                "identities_per_batch": 4,
                "tracklets_per_identity": 2,
                "train_sampling": {"class_path": "datasets.sampling.RestrictedRandom", "init_args": {"frames": 2}},
                "test_sampling": {"class_path": "datasets.sampling.Evenly", "init_args": {"frames": 2}},
                "augmentation": {"class_path": "datasets.transforms.Augmentation", "init_args": {"padding": 2}},
                "batches_per_epoch": batches,
                "workers": workers,
            },
        },
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def start(config_file: Path, root: Path) -> subprocess.Popen[bytes]:
    """Start a training, or go on with it, in a process group of its own."""
    words = [
        "train.py",
        "fit",
        "--config",
        str(config_file),
        "--resume",
        "auto",
        "--trainer.default_root_dir",
        str(root),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (root.parent / f"{root.name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, *words], cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def wait_for_start(process: subprocess.Popen[bytes], root: Path, since: float) -> None:
    """Wait until a training has written its config, which it does when everything is built."""
    while process.poll() is None:
        if any(path.stat().st_mtime > since for path in root.glob("lightning_logs/version_*/config.yaml")):
            return
        time.sleep(0.02)


def wait_for_writes(process: subprocess.Popen[bytes], root: Path, writes: int) -> None:
    """Wait until a training has written so many checkpoints."""
    seen: set[tuple[Path, int]] = {(path, path.stat().st_mtime_ns) for path in root.rglob("last.ckpt")}
    before = len(seen)
    while process.poll() is None and len(seen) < before + writes:
        seen |= {(path, path.stat().st_mtime_ns) for path in root.rglob("last.ckpt")}
        time.sleep(0.005)


def end(process: subprocess.Popen[bytes], root: Path, name: str, writes: int) -> Kill | None:
    """Send a signal some checkpoints and some time after the start; None if the training was over by then."""
    wait_for_start(process, root, time.time() - 0.01)
    wait_for_writes(process, root, writes)
    time.sleep(random.uniform(0, 0.5))  # noqa: S311
    if process.poll() is not None:
        return None
    number = signal.Signals[f"SIG{name.split(maxsplit=1)[0]}"]
    os.killpg(process.pid, number) if "group" in name else process.send_signal(number)
    status = process.wait(timeout=60)
    steps, broken = look(root)
    if "next:" in (root.parent / f"{root.name}.log").read_text():
        return None
    return Kill(name, status, steps, broken)


def look(root: Path) -> tuple[int, int]:
    """Steps of the newest checkpoint, and how many checkpoints do not load."""
    steps, broken = -1, 0
    for path in root.rglob("*.ckpt"):
        try:
            steps = max(steps, read_checkpoint(path)["global_step"])
        except InputError:
            broken += 1
    return steps, broken


def outcome(root: Path) -> dict[str, Any]:
    """What must be the same: the hash of the weights of both checkpoints, and the last scores."""
    found = {path.name: weights_hash(path) for path in sorted(root.rglob("*.ckpt"))}
    (results,) = root.rglob("results.json")
    scores = json.loads(results.read_text())
    return {**found, **{name: scores[name] for name in ("mAP", "mINP", "epoch", "step")}}


def weights_hash(path: Path) -> str:
    """The sha256 of all tensors of a checkpoint."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors_of(read_checkpoint(path)).items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def killed_run(config_file: Path, root: Path, signals: list[str], kills: int, writes: int) -> list[Kill]:
    """Train with interruptions until the training is over, which writes so many checkpoints in all."""
    done: list[Kill] = []
    while True:
        process = start(config_file, root)
        if len(done) == kills:
            assert process.wait() == 0, f"see {root}.log"
            return done
        name = signals[len(done) % len(signals)]
        kill = end(process, root, name, random.randint(0, writes * 2 // (kills + 1)))  # noqa: S311
        if kill is None:
            return done
        done.append(kill)
        print(kill, flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--output", type=Path, required=True)
    options.add_argument("--runs", type=int, default=8)
    options.add_argument("--kills", type=int, default=5, help="of a run")
    options.add_argument("--signals", nargs="+", default=["KILL", "TERM", "KILL", "INT group", "TERM group"])
    options.add_argument("--workers", nargs="+", type=int, default=[0, 2], help="of the runs, in turn")
    options.add_argument("--epochs", type=int, default=5)
    options.add_argument("--batches", type=int, default=20, help="of an epoch")
    options.add_argument("--seed", type=int, default=0, help="of the moments")
    asked = options.parse_args()
    random.seed(asked.seed)
    asked.output.mkdir(parents=True)
    config_file = config(asked.output, asked.epochs, asked.batches, 0)
    whole = asked.output / "whole"
    assert start(config_file, whole).wait() == 0, f"see {whole}.log"
    expected, writes = outcome(whole), asked.epochs * asked.batches // EVERY
    print(f"untouched: {expected}", flush=True)
    kills: list[Kill] = []
    same = 0
    for run in range(asked.runs):
        root = asked.output / f"run_{run}"
        config_file = config(asked.output, asked.epochs, asked.batches, asked.workers[run % len(asked.workers)])
        kills += killed_run(
            config_file, root, asked.signals[run % len(asked.signals) :] + asked.signals, asked.kills, writes
        )
        same += outcome(root) == expected
        print(f"run {run}: {'the same' if outcome(root) == expected else outcome(root)}", flush=True)
    report(asked.output, kills, asked.runs, same)


def report(output: Path, kills: list[Kill], runs: int, same: int) -> None:
    """Print and write the counts."""
    statuses = Counter(f"{kill.signal}: status {kill.status}" for kill in kills)
    found = {
        "kills": len(kills),
        "by_signal_and_status": dict(sorted(statuses.items())),
        "unexpected_statuses": sum(kill.status != EXPECTED[kill.signal.split(maxsplit=1)[0]] for kill in kills),
        "after_a_checkpoint": sum(kill.steps > 0 for kill in kills),
        "unreadable_checkpoints": sum(kill.broken for kill in kills),
        "runs": runs,
        "runs_the_same": same,
    }
    (output / "kills.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
