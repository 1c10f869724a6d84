"""Which frames of a tracklet are embedded, in words: `Evenly(8)`, `Dense(4, limit=10)`."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

from reid.errors import InputError
from reid.sampling import ChunkStarts, ConsecutiveRandom, Dense, Evenly, FrameSampling, RestrictedRandom

RULES: Final[dict[str, type[FrameSampling]]] = {
    rule.__name__: rule for rule in (Evenly, ChunkStarts, Dense, ConsecutiveRandom, RestrictedRandom)
}
"""By the names that training configs and `results.json` give them."""

USUAL: Final = "Evenly(8)"
"""What `datasets.datamodule.ReIDDataModule` evaluates if nothing is said."""

_FORM: Final = re.compile(r"(\w+)\((\d{1,4})(?:, ?(stride|limit)=(\d{1,9}))?\)")


def sampling_of(words: str) -> FrameSampling:
    """Build the rule that words name.

    Args:
        words: the rule and T, the frames of a clip; of `Dense` perhaps a limit, of `ConsecutiveRandom` a stride.

    Raises:
        InputError: there is no such rule, or it does not go with the number.

    >>> sampling_of("Dense(4, limit=2)")(16)
    [[0, 1, 2, 3], [8, 9, 10, 11]]
    """
    found = _FORM.fullmatch(words.strip())
    if found is None or found[1] not in RULES:
        raise InputError(
            f"sampling {words[:80]!r}: expected a rule and the frames of a clip, such as Evenly(8), Dense(4, limit=9); "
            f"there is {', '.join(RULES)}"
        )
    options = {found[3]: int(found[4])} if found[3] else {}
    try:
        return RULES[found[1]](int(found[2]), **options)
    except TypeError as error:
        raise InputError(f"sampling {words}: {found[1]} has no {found[3]}; leave it out") from error


def words_of(sampling: FrameSampling) -> str:
    """Say which rule it is, such that `sampling_of` builds it again.

    >>> words_of(ConsecutiveRandom(4, stride=8)), words_of(Evenly(8))
    ('ConsecutiveRandom(4, stride=8)', 'Evenly(8)')
    """
    option = ""
    if isinstance(sampling, Dense) and sampling.limit is not None:
        option = f", limit={sampling.limit}"
    elif isinstance(sampling, ConsecutiveRandom) and sampling.stride != 1:
        option = f", stride={sampling.stride}"
    return f"{type(sampling).__name__}({sampling.frames}{option})"


def sampling_of_config(config: Path) -> str | None:
    """Find out what a training config evaluates, in words; its classes are not imported.

    Args:
        config: a YAML file for `train.py`, such as a run keeps as `config.yaml`.

    Returns:
        None where it names no data, or the file cannot be read: then nobody knows.
    """
    try:
        content: Any = yaml.safe_load(config.read_text())
        data = content["data"]
        rule = data.get("init_args", data).get("test_sampling") or {}
        if not rule:
            return USUAL
        options = dict(rule.get("init_args") or {})
        frames = options.pop("frames")
        given = "".join(f", {name}={value}" for name, value in options.items() if (name, value) != ("stride", 1))
        words = f"{rule['class_path'].rpartition('.')[2]}({frames}{given})".replace(", limit=None", "")
        return words_of(sampling_of(words))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, AttributeError, TypeError, InputError):
        return None


def sampling_of_run(checkpoint: Path) -> str | None:
    """Find out what the run that wrote a checkpoint evaluates: its `config.yaml` lies beside or above.

    Returns:
        None where there is no such file.
    """
    places = (checkpoint.absolute().parent, checkpoint.absolute().parent.parent)
    found = (sampling_of_config(place / "config.yaml") for place in places if (place / "config.yaml").is_file())
    return next((words for words in found if words), None)
