"""Results of many clips: `visual_res/<method>/<model>/<label>/<sample>`."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from explain.command.publish import Keep, publish
from explain.command.samples import Sample
from explain.output import MARK
from explain.report.content import Question
from explain.sinks.folder import Facts
from reid.errors import InputError
from reid.writing import whole, write_whole

_MAY_DIFFER: Final = ("source", "weights")
"""Facts that say where something lies, and not what it is."""


class Tree:
    """A folder for the explanations of many clips by several methods and models.

    `<method>/<model>/<label>/<sample>/` is the explanation of one clip, which appears when it is whole, and
    `<sample>.png` beside it its sheet. `summary.json` in the folder itself says of each model what it took the clips
    for. A clip that is there already, explained in the same way, is not explained again: so a command that was
    interrupted goes on where it was.

    Args:
        keep: where to; `overwrite` explains again what is there.
        model: the model's name.

    Raises:
        InputError: the folder holds something else.
    """

    def __init__(self, keep: Keep, model: str) -> None:
        self.keep = keep
        self.model = model
        self._mark = keep.output / MARK
        self._models = self._known()

    def place(self, method: str, sample: Sample) -> Path:
        """Where the explanation of a clip lies."""
        return self.keep.output / method / self.model / sample.folder / sample.name

    def holds(self, method: str, sample: Sample, choices: Facts) -> bool:
        """Whether a clip was explained already, and in this way.

        Args:
            method: by which method.
            sample: the clip.
            choices: what its explanation depends on; None is what was not chosen.

        Raises:
            InputError: it was explained in another way, and must not be replaced.
        """
        place = self.place(method, sample)
        if self.keep.overwrite or not place.exists():
            return False
        known = _read(place / MARK)
        wanted = {**choices, "normalization": self.keep.normalization, "polarity": self.keep.polarity}
        other = [name for name, value in wanted.items() if name not in _MAY_DIFFER and known.get(name) != value]
        if other:
            raise InputError(
                f"{place}: explained already, with another {other[0]}; choose another --output, or pass --overwrite"
            )
        return True

    def write(self, method: str, sample: Sample, question: Question, facts: Facts) -> None:
        """Write the explanation of a clip by one method, and its sheet beside it.

        Raises:
            InputError: it cannot be written.
        """
        place = self.place(method, sample)
        publish(replace(self.keep, output=place), question.title, [question], facts)
        self.show(method, sample)

    def show(self, method: str, sample: Sample) -> None:
        """Put the sheet of an explanation beside it.

        Raises:
            InputError: it cannot be written.
        """
        place = self.place(method, sample)
        sheet = place.with_name(f"{sample.name}.png")
        try:
            with whole(sheet) as hidden:
                shutil.copyfile(place / "contact_sheet.png", hidden)
        except OSError as error:
            raise InputError(f"{sheet}: cannot be written ({error.strerror}); choose another --output") from error

    def note(self, result: Mapping[str, Any]) -> None:
        """Write down what the model took the clips for; what is known of other models stays."""
        self._models[self.model] = dict(result)
        write_whole(self._mark, json.dumps({"models": self._models}, indent=2) + "\n")

    def _known(self) -> dict[str, Any]:
        """What the folder says of models."""
        output = self.keep.output
        if not output.exists() or (output.is_dir() and not any(output.iterdir())):
            return {}
        models = _read(self._mark).get("models")
        if not isinstance(models, dict):
            raise InputError(f"{output}: holds something else than results of a --videos_dir; choose another --output")
        return models


def _read(path: Path) -> dict[str, Any]:
    """What a summary says; nothing if there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
