"""Fuzzed videos, pictures, folders, info files, configs and flags: taken and whole, or refused in one line."""

import shutil
import traceback
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.hostile.commands import run, unfinished
from tests.hostile.kinds import KINDS
from tests.hostile.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # of libraries, about what they read

SEED = 8
CASES = [
    *((kind, few) for kind, (_, _, few) in KINDS.items()),
    *(pytest.param(kind, many, marks=pytest.mark.slow) for kind, (_, many, _) in KINDS.items()),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    import train  # noqa: F401 - which takes seconds, and no command's time

    return Place(tmp_path_factory.mktemp("place"))


def attempt(place: Place, kind: str, number: int, folder: Path) -> str:
    """Try one case; fails if it is neither taken nor refused as it should be."""
    generator = np.random.default_rng([SEED, zlib.crc32(kind.encode()), number])
    trial = KINDS[kind][0](place, generator, folder)
    outcome = run(trial.command, trial.words)
    assert not unfinished(folder), unfinished(folder)
    assert outcome.status in {0, 2}, outcome
    if outcome.status == 0:
        trial.whole()
        return "taken"
    assert outcome.line
    assert trial.output is None or not trial.output.exists(), "part of an output"
    return "refused"


@pytest.mark.parametrize(("kind", "cases"), CASES)
def test_it_is_taken_whole_or_refused(
    tmp_path: Path, place: Place, kind: str, cases: int, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, faults = Counter[str](), list[str]()
    for number in range(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            ended[attempt(place, kind, number, folder)] += 1
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            last = traceback.format_exception(error, limit=-3)
            faults.append(f"{kind} {number}: {''.join(last)[-1500:]}")
        shutil.rmtree(folder, ignore_errors=True)
    with capsys.disabled():
        print(f"\n{kind}: {cases} cases, {dict(ended)}, {len(faults)} faults")  # noqa: T201
    assert not faults, "\n\n".join(faults)
