"""A benchmark that is drawn on the spot: walking figures whose evidence is known."""

import json
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from typing_extensions import override

from datasets.drawing.plan import DISTRACTOR, Plan, Shot
from datasets.drawing.store import MANIFEST, manifest, write
from datasets.mars import MARS
from reid.errors import InputError

logger = logging.getLogger(__name__)


class Synthetic(MARS):
    """Drawn people under drawn cameras, in the layout of MARS; written on first use, then read.

    Every camera has its own scene, colour cast, point of view, noise and blur. People come in groups of look-alikes
    that share build, gait and all clothes but for the colour of one item. Beside every frame lies a mask that says
    where the person is and where that item is (`mask_path`), so it is known what an explanation should point at.
    The background depends on the camera and on chance, never on the person. The same parameters give the same files.

    Args:
        root: folder of the data. It is made if it does not exist, and never overwritten.
        protocol: "official" ranks all test tracklets, "no_query" those that are no query; see `datasets.mars.MARS`.
        seed: of all chance.
        train_persons: people to train with.
        test_persons: people to ask for, none of them in the training.
        group_size: people in a group of look-alikes, 1 to 8.
        cameras: 1 to 9; each person passes each of them.
        tracklets: how often each person passes each camera.
        frames: shortest and longest length of a tracklet.
        distractors: tracklets of other people in the gallery.
        junk: tracklets of false detections.
        height: of the frames, in pixels.
        width: of the frames, in pixels.

    Attributes:
        plan: the parameters, and what they decide.

    Raises:
        InputError: a parameter is out of range, or `root` holds something else or cannot be written.
    """

    def __init__(
        self,
        root: Path = Path("data/synthetic"),
        protocol: Literal["official", "no_query"] = "official",
        seed: int = 0,
        train_persons: int = 32,
        test_persons: int = 20,
        group_size: int = 2,
        cameras: int = 4,
        tracklets: int = 2,
        frames: tuple[int, int] = (10, 18),
        distractors: int = 24,
        junk: int = 12,
        height: int = 128,
        width: int = 64,
    ) -> None:
        self.plan = Plan(
            seed, train_persons, test_persons, group_size, cameras, tracklets, frames, distractors, junk, height, width
        )
        _provide(self.plan, Path(root))
        super().__init__(Path(root), protocol)
        self.expected = _counts(self.plan, protocol)

    def lookalikes(self, person: int) -> tuple[int, ...]:
        """People that differ from a person in nothing but the item that its masks mark.

        Raises:
            InputError: there is no such person.
        """
        return tuple(other for other in self.plan.group(person) if other != person)

    @override
    def mask(self, frame: Path) -> Path:
        return mask_path(frame)


def mask_path(frame: Path) -> Path:
    """Where the mask of a synthetic frame lies.

    The mask is a grey PNG of the frame's size: 0 is background or something in front of the person, 1 the person,
    2 the part of the person that tells it from its look-alikes. Distractors and junk have no 2.

    >>> mask_path(Path("data/synthetic/bbox_test/0025/0025C1T0001F001.jpg")).as_posix()
    'data/synthetic/masks/bbox_test/0025/0025C1T0001F001.png'
    """
    part, person = frame.parts[-3:-1]
    return (frame.parents[2] / "masks" / part / person / frame.name).with_suffix(".png")


def _provide(plan: Plan, root: Path) -> None:
    """Draw what the plan says if nothing is there, else make sure that this very plan was drawn there."""
    if _is_drawn(plan, root):
        return
    logger.info("drawing the synthetic benchmark into %s", root)
    try:
        _draw(plan, root)
    except OSError as error:
        raise InputError(f"{root}: cannot be written ({error.strerror or error}); give another root") from error


def _draw(plan: Plan, root: Path) -> None:
    """Draw beside the root, and move there what is whole; what an interruption leaves is removed."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{root.name}-", dir=root.parent) as workshop:
        write(plan, Path(workshop, "data"))
        _move(Path(workshop, "data"), root, plan)


def _move(drawn: Path, root: Path, plan: Plan) -> None:
    """Rename the finished data, unless another process was faster with the same."""
    try:
        drawn.rename(root)
    except OSError:
        if not _is_drawn(plan, root):
            raise


def _is_drawn(plan: Plan, root: Path) -> bool:
    """Whether the plan's data are there; False if nothing is.

    Raises:
        InputError: something else is there.
    """
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return False
    try:
        found = dict(json.loads((root / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{root} holds no synthetic benchmark (no readable {MANIFEST}): give another root") from error
    wanted = json.loads(manifest(plan))
    differing = [
        f"{name} {found.get(name)} instead of {wanted[name]}" for name in wanted if found.get(name) != wanted[name]
    ]
    if differing:
        raise InputError(f"{root} was drawn with {', '.join(differing)}: give another root, or delete it")
    return True


def _counts(plan: Plan, protocol: Literal["official", "no_query"]) -> dict[str, int]:
    """What a whole data set must hold, named as `datasets.counts.counts` names it."""
    test = list(plan.shots("test"))
    people = [shot for shot in test if shot.person >= DISTRACTOR]
    lists: dict[str, Sequence[Shot]] = {
        "train": list(plan.shots("train")),
        "query": [shot for shot in people if shot.is_query],
        "gallery": [shot for shot in people if protocol == "official" or not shot.is_query],
    }
    counts = {"distractors": plan.distractors, "junk": plan.junk}
    for name, shots in lists.items():
        counts[f"{name}_tracklets"] = len(shots)
        counts[f"{name}_persons"] = len({shot.person for shot in shots})
        counts[f"{name}_images"] = sum(shot.frames for shot in shots)
    return counts
