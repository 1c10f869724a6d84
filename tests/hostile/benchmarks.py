"""Bad benchmarks: what draws one, and the command line that reads it."""

import json
import shutil
from pathlib import Path
from typing import Final

from numpy.random import Generator

from tests.hostile import tiny
from tests.hostile.commands import data
from tests.hostile.mutants import WORDS, damaged, lines_damaged, word
from tests.hostile.place import SPECIAL, Place, Trial, evaluated, named, pick


def _info(root: Path, generator: Generator) -> None:
    """Damage one or two of the files that say what is where."""
    found = sorted(path for path in root.rglob("*") if path.suffix in {".mat", ".txt", ".json", ".csv"})
    for path in (pick(generator, found) for _ in range(int(generator.integers(1, 3)))):
        if path.suffix != ".mat" and generator.random() < 0.5:
            path.write_text(lines_damaged(path.read_text(errors="replace"), generator))
        else:
            path.write_bytes(damaged(path.read_bytes(), generator))


def _copy(root: Path, folder: Path) -> Path:
    """The frames stay where they are."""
    copy = folder / "root"
    return Path(shutil.copytree(root, copy, copy_function=_link_pictures))


def _link_pictures(source: str, target: str) -> None:
    if Path(source).suffix in {".jpg", ".png"}:
        Path(target).hardlink_to(source)
    else:
        shutil.copy(source, target)


def _checked(benchmark: str, root: Path, folder: Path, *more: object) -> Trial:
    report = folder / "report.json"
    words = ["check", f"datasets.{benchmark}", "--root", root, "--json", report, "--counts", "any", *more]

    def whole() -> None:
        assert json.loads(report.read_text())["counts"]

    return Trial(data, words, whole)


def mars_info(place: Place, generator: Generator, folder: Path) -> Trial:
    """Damaged lists and tables of MARS."""
    root = _copy(place.mars, folder)
    _info(root, generator)
    if generator.random() < 0.3:
        config = tiny.config(folder / "config.yaml", named("MARS", root), root=folder / "runs")
        return evaluated(place, generator, folder, config)
    return _checked(
        "MARS", root, folder, *pick(generator, [[], ["--hash"], ["--fast"], ["--protocol", word(generator)]])
    )


def prid_splits(place: Place, generator: Generator, folder: Path) -> Trial:
    """Damaged splits of PRID2011."""
    root = _copy(place.prid, folder)
    _info(root, generator)
    split = pick(generator, ["0", "1", word(generator)])
    if generator.random() < 0.3:
        config = tiny.config(folder / "config.yaml", named("PRID2011", root, split=1), root=folder / "runs")
        return evaluated(place, generator, folder, config)
    return _checked("PRID2011", root, folder, f"--split={split}")


CELLS: Final = (
    *WORDS,
    *("0001/cam1/t1", "0002/cam1/t1/*.jpg", "../people/0001/cam1/t1", "/etc", "train", "query", "gallery"),
)


def tables(place: Place, generator: Generator, folder: Path) -> Trial:
    """Tables of a user's own tracklets with cells that are none."""
    columns = ["frames", "person", "tracklet", "camera", "split"][: int(generator.integers(2, 6))]
    rows = []
    for person in (1, 2, 3, 4):
        for camera in (1, 2):
            side = "train" if person < 3 else pick(generator, ["query", "gallery"])
            row = [f"{person:04d}/cam{camera}/t1", str(person), f"t{camera}", str(camera), side]
            rows.append([pick(generator, CELLS) if generator.random() < 0.03 else cell for cell in row])
    quoted = [",".join(f'"{cell}"' for cell in row[: len(columns)]) for row in rows]
    text = "\n".join([",".join(columns), *quoted])
    content = text.encode() if generator.random() < 0.6 else damaged(text.encode(), generator)
    (folder / "table.csv").write_bytes(content)
    return _checked("Folder", place.people, folder, "--table", folder / "table.csv")


def trees(place: Place, generator: Generator, folder: Path) -> Trial:
    """A user's own folders with strange things in them."""
    root = _copy(place.people, folder)
    inside = sorted(path for path in root.rglob("*"))
    for number in range(int(generator.integers(1, 4))):
        where = pick(generator, [path for path in inside if path.exists() and path.is_dir()])
        if generator.random() < 0.3:
            shutil.rmtree(where)
            inside = [path for path in inside if path.exists()] or [root]
        elif where.exists():
            name = pick(generator, [f"{number}.jpg", "query", "train", "\u00e4", "a\nb", "9.png", "t7", ".x"])
            if not (where / name).exists() and not (where / name).is_symlink():
                pick(generator, SPECIAL)(where / name)
        root.mkdir(exist_ok=True)
    if generator.random() < 0.3:
        config = tiny.config(folder / "config.yaml", named("Folder", root), root=folder / "runs")
        return evaluated(place, generator, folder, config)
    return _checked(
        "Folder", root, folder, *pick(generator, [[], ["--hash"], ["--fast"], ["--train_share", word(generator)]])
    )
