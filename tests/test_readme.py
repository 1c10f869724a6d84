"""Every command of the README runs, on a benchmark small enough for a test."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from datasets.__main__ import main as data_tool
from explain.command.cli import main as explain
from explain.mp4 import write_mp4
from reid.embed import main as embed
from reid.export.__main__ import main as export
from reid.rank import main as rank
from train import run as train

ROOT = Path(__file__).parents[1]
SMALL = [
    "--trainer.max_epochs=1",
    "--trainer.precision=32-true",
    "--trainer.accelerator=cpu",
    "--trainer.check_val_every_n_epoch=1",
    "--trainer.log_every_n_steps=1",
    "--model.num_identities=4",
    "--data.identities_per_batch=4",
    "--data.tracklets_per_identity=2",
    "--data.train_sampling.frames=2",
    "--data.test_sampling.frames=2",
    "--data.batches_per_epoch=1",
    "--data.workers=0",
]
TINY = ["--model.backbone.depth=18", "--model.backbone.size=[32,16]"]
OUTPUTS = ("why", "ranking", "mistakes", "judged")
FILES = ("door.mp4", "tracks.txt", "people", "people.npz", "walk.mp4", "found", "model.onnx")
PEOPLE = ["--data.benchmark.train_persons=4", "--data.benchmark.test_persons=2", "--data.benchmark.cameras=2"]


def commands() -> list[list[str]]:
    """The lines of the README's shell blocks, word by word."""
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    parts = [part.strip() for line in lines for part in line.split("&&")]
    return [shlex.split(part, comments=True) for part in parts if part]


def newest(folder: Path) -> str:
    """The checkpoint of the last version of a run that has one."""
    found = sorted(folder.glob("runs/lightning_logs/*/checkpoints/last.ckpt"))
    return str(found[-1]) if found else ""


def film(folder: Path) -> None:
    """Two blocks of colour that walk, and their boxes."""
    frames = np.full((16, 96, 128, 3), 128, np.uint8)
    boxes = []
    for number, picture in enumerate(frames):
        for track, colour in enumerate(((220, 30, 30), (30, 60, 220))):
            left = 8 + 60 * track + number
            picture[16:80, left : left + 24] = colour
            boxes.append(f"{number + 1},{track + 1},{left},16,24,64,1,-1,-1,-1")
    write_mp4(folder / "door.mp4", frames, 8)
    write_mp4(folder / "walk.mp4", frames[:, 16:80, 0:32], 8)
    (folder / "tracks.txt").write_text("\n".join(boxes))


@pytest.mark.filterwarnings("ignore")  # Lightning's advice
def test_every_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the README's order: the demo makes the benchmark and the checkpoint that the others use."""
    monkeypatch.chdir(ROOT)
    data, runs = tmp_path / "synthetic", [f"--trainer.default_root_dir={tmp_path / 'runs'}"]
    mars = [
        "--data.benchmark.counts=any",
        "--model.backbone.pretrained=false",
        "--model.losses.center.num_identities=4",
    ]
    mars += ["--model.losses.center.width=512"]
    seen = set()
    film(tmp_path)
    for words in commands():
        line = " ".join(words)
        seen.add(" ".join(words[:3]))
        where = {
            "/data/mars": str(data),
            "data/synthetic/bbox_test/0025/0025C1T0001": str(data / "bbox_test/0005/0005C1T0001"),
            "last.ckpt": newest(tmp_path),
            "runs/lightning_logs/version_0/checkpoints/last.ckpt": newest(tmp_path),
            "runs/lightning_logs/version_0/config.yaml": newest(tmp_path).replace(
                "checkpoints/last.ckpt", "config.yaml"
            ),
            "0025C1T0001": "0005C1T0001",
            **{name: str(tmp_path / name) for name in (*OUTPUTS, *FILES)},
        }
        words = [where.get(word, word) for word in words]  # noqa: PLW2901
        if line.startswith("python train.py fit --config configs/demo.yaml"):
            train([*words[2:], *SMALL, *TINY, *PEOPLE, *runs, f"--data.benchmark.root={data}"])
        elif line.startswith("python train.py"):
            train([*words[2:], *SMALL, *TINY, *mars, *runs])
        elif line.startswith("python -m datasets check"):
            assert data_tool([*words[3:], "--counts", "any"]) == 0
        elif line.startswith("python -m datasets cut"):
            assert data_tool(words[3:]) == 0
        elif words[:2] == ["python", "-m"]:
            {"reid.embed": embed, "reid.rank": rank, "reid.export": export}[words[2]](words[3:])
        elif line.startswith("python explain.py") and not {"A", str(tmp_path / "walk.mp4")} & set(words):
            few = ["--queries", "1"] if words[2] == "evaluate" else []
            explain([*words[2:], *few, *(["--scorecam_channels", "2"] if "all" in words else [])])
    capsys.readouterr()
    assert all((tmp_path / name / "summary.json").exists() for name in OUTPUTS)
    assert all((tmp_path / name).exists() for name in FILES)
    assert {"python train.py fit", "python train.py test", "python -m datasets", "python explain.py --tracklet"} <= seen


def test_what_is_named_exists() -> None:
    text = (ROOT / "README.md").read_text()
    for path in re.findall(r"configs/[\w/]+\.yaml|docs/[\w/]+\.png|[\w/]+\.md", text):
        assert (ROOT / path).exists(), path
