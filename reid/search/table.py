"""The trials of a study as a table: on the screen, as CSV and as JSON."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from optuna import Study
from optuna.trial import FrozenTrial, TrialState

from reid.search.space import Scalar, Space, short_names
from reid.search.trials import REASON, RETRY_OF, Trials, current, is_lost, is_open, is_surplus

SHOWN = 4  # significant digits on the screen; files have them all
STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


class Row(NamedTuple):
    """What is told of a trial.

    Attributes:
        trial: its number in the study.
        state: "complete", "pruned", "failed", "running", "waiting", or "lost" with its worker.
        value: at the end; of a pruned trial the last one reported.
        seconds: that it took.
        values: what was tried, by the names of the dimensions.
        note: why it failed, or in whose place it runs.
        folder: that holds its run.
        host: the machine that it ran on.
    """

    trial: int
    state: str
    value: float | None
    seconds: float | None
    values: Mapping[str, Scalar]
    note: str
    folder: str
    host: str


def rows(trials: Trials) -> list[Row]:
    """Lay out trials, without those that were made in vain."""
    return [_row(trial) for trial in trials if not is_surplus(trial)]


def _row(trial: FrozenTrial) -> Row:
    attributes = trial.user_attrs
    retry = [f"in place of trial {attributes[RETRY_OF]}"] if RETRY_OF in attributes else []
    reason = [attributes[REASON]] if REASON in attributes else []
    return Row(
        trial=trial.number,
        state="lost" if is_lost(trial) else STATES[trial.state],
        value=trial.value,
        seconds=_seconds(trial.datetime_start, trial.datetime_complete),
        values=trial.params,
        note="; ".join([*retry, *reason]),
        folder=attributes.get("folder", ""),
        host=attributes.get("host", ""),
    )


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 1) if start and end else None


def text_table(found: Sequence[Row], space: Space) -> str:
    """Lay out rows for the screen.

    >>> from reid.search.space import Dimension, Range
    >>> row = Row(0, "complete", 0.54321, 33.4, {"model.optimizer.lr": 0.00123456}, "", "runs/trial_0000", "here")
    >>> print(text_table([row], (Dimension("model.optimizer.lr", Range(0, 1), {}),)))
    trial  state     value   seconds  lr        note
        0  complete  0.5432     33.4  0.001235
    """
    names = short_names(space)
    head = ["trial", "state", "value", "seconds", *names.values(), "note"]
    cells = [
        [
            str(row.trial),
            row.state,
            "" if row.value is None else f"{row.value:.{SHOWN}f}",
            "" if row.seconds is None else f"{row.seconds:.1f}",
            *(_short(row.values.get(name, "")) for name in names),
            row.note,
        ]
        for row in found
    ]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    right = {0, 2, 3}
    lines = [
        "  ".join(
            cell.rjust(width) if place in right and line is not head else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [head, *cells]
    ]
    return "\n".join(lines)


def _short(value: Scalar) -> str:
    return f"{value:.{SHOWN}g}" if isinstance(value, float) else str(value)


def csv_table(found: Sequence[Row], space: Space) -> str:
    """Lay out rows as CSV, one column for each dimension, full precision."""
    text = io.StringIO()
    fixed = [name for name in Row._fields if name != "values"]
    names = [dimension.name for dimension in space]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*fixed, *names])
    for row in found:
        told = row._asdict()
        writer.writerow([*(told[name] for name in fixed), *(row.values.get(name) for name in names)])
    return text.getvalue()


def json_table(found: Sequence[Row], facts: Mapping[str, Any]) -> str:
    """Lay out rows as JSON, below the facts of the study."""
    return json.dumps({**facts, "trials": [row._asdict() for row in found]}, indent=2) + "\n"


def values_in_words(space: Space, values: Mapping[str, Scalar]) -> str:
    """The values of a trial in one line."""
    return ", ".join(f"{short} {_short(values[name])}" for name, short in short_names(space).items())


def progress(study: Study, total: int) -> str:
    """How far a study is."""
    trials = study.get_trials(deepcopy=False)
    standing = current(trials, total)
    done = sum(not is_open(trial) for trial in standing)
    complete = any(trial.state == TrialState.COMPLETE for trial in trials)
    best = f", best {study.best_value:.4g} (trial {study.best_trial.number})" if complete else ""
    return f"{done} of {total} trials are done{best}"
