"""What each technique of the recipe adds: trained with several seeds, mean and deviation.

    python -m benchmarks.techniques --config configs/demo.yaml --width 512 --output runs/techniques

Every stage keeps what the earlier ones brought; the bag of tricks is label smoothing, random erasing, the BNNeck and
the center loss. All stages see the same number of clips, warm up alike and keep the last stride at 1, for the pictures
are small. A small network, so that it ends: ResNet18-TA. Each is ranked plainly and re-ranked. What has been trained
already is not trained again. All further options go to `train.py fit`, such as --data.benchmark.root DIR.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

ROOT = Path(__file__).parents[1]
RERANKED = {"reranked": {"class_path": "KReciprocal"}}
PLAIN = ["--model.neck=none"]
ERASING = '{"class_path": "datasets.erasing.RandomErasing"}'
BAG_OF_TRICKS = ["--model.neck=bnneck", f"--data.augmentation.erasing={ERASING}"]
Term = dict[str, Any]


def stages(identities: int, width: int) -> dict[str, tuple[dict[str, Term], list[str]]]:
    """Losses and options of each stage; a term of the losses is a class name and its arguments."""
    people = {"num_identities": identities, "width": width}
    identity: Term = {"class_path": "IdentityLoss"}
    smooth: Term = {"class_path": "IdentityLoss", "init_args": {"label_smoothing": 0.1}}
    triplet: Term = {"class_path": "TripletLoss", "init_args": {"margin": 0.3}}
    center: Term = {"class_path": "CenterLoss", "init_args": people}
    where_osm_is: Term = {"class_path": "CenterLoss", "init_args": {**people, "feature": "after_neck"}}
    osm: Term = {"class_path": "OSMLoss"}
    cl_centers: Term = {"class_path": "OSMLoss", "init_args": {"class_vectors": "centers"}}
    tricks: dict[str, Term] = {"identity": smooth, "triplet": triplet, "center": center}
    return {
        "CE": ({"identity": identity}, PLAIN),
        "+ triplet": ({"identity": identity, "triplet": triplet}, PLAIN),
        "+ bag of tricks": (tricks, BAG_OF_TRICKS),
        "+ OSM": ({**tricks, "osm": osm}, BAG_OF_TRICKS),
        "+ CL centers": ({**tricks, "center": where_osm_is, "osm": cl_centers}, BAG_OF_TRICKS),
    }


def train(output: Path, config: Path, seed: int, losses: dict[str, Term], options: Sequence[str]) -> dict[str, Any]:
    """Train one network, unless the results of the very same words stand."""
    words = [
        "fit",
        f"--config={config}",
        f"--seed_everything={seed}",
        "--trainer.logger=false",
        "--trainer.callbacks=null",
        "--trainer.enable_checkpointing=false",
        "--trainer.num_sanity_val_steps=0",
        "--model.backbone.depth=18",
        "--model.backbone.last_stride=1",
        f"--model.losses={json.dumps(losses)}",
        f"--model.refinements={json.dumps(RERANKED)}",
        *options,
    ]
    folder = output / hashlib.sha256(json.dumps(words).encode()).hexdigest()[:12]
    if not (folder / "results.json").exists():
        command = [sys.executable, ROOT / "train.py", *words, f"--trainer.default_root_dir={folder}"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return found


def spread(values: Sequence[float]) -> str:
    """Mean and sample deviation, percent."""
    return f"{100 * fmean(values):.1f} +- {100 * stdev(values):.1f}"


def main() -> None:
    """Train, and print the table."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--config", type=Path, required=True)
    flags.add_argument("--identities", type=int, default=32, help="training people")
    flags.add_argument("--width", type=int, default=512, help="length of the embedding")
    flags.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    flags.add_argument("--output", type=Path, required=True, help="folder of the runs")
    given, rest = flags.parse_known_args()
    print("| | mAP | CMC-1 | mAP re-ranked | CMC-1 re-ranked |\n|---|---|---|---|---|")
    for name, (losses, options) in stages(given.identities, given.width).items():
        found = [train(given.output.resolve(), given.config, seed, losses, [*options, *rest]) for seed in given.seeds]
        sides = (found, [results["refined"]["reranked"] for results in found])
        figures = [spread([results[score] for results in side]) for side in sides for score in ("mAP", "CMC-1")]
        print(f"| {name} | {' | '.join(figures)} |", flush=True)


if __name__ == "__main__":
    main()
