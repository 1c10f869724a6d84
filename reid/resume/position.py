"""Where a checkpoint stands, and the counters with which Lightning goes on from there."""

from typing import Any, NamedTuple

Counters = dict[str, Any]
"""`checkpoint["loops"]["fit_loop"]` of Lightning."""
EPOCHS, BATCHES = "epoch_progress", "epoch_loop.batch_progress"
VALIDATION = "epoch_loop.val_loop.batch_progress"


class Position(NamedTuple):
    """How far a training is.

    Attributes:
        epochs: that are over.
        batches: of the next epoch that are done; all of them, if its end has yet to come.
    """

    epochs: int
    batches: int


def position_of(counters: Counters) -> Position:
    """Read from Lightning's counters, saved at any moment between two steps, where they stand.

    `processed` of a batch counts up before the hooks in which checkpoints are written, `completed` after them.
    """
    epochs = counters[EPOCHS]["current"]
    if epochs["started"] <= epochs["processed"]:
        return Position(epochs["processed"], 0)
    return Position(epochs["processed"], counters[BATCHES]["current"]["processed"])


def set_out(counters: Counters, steps: int, validated: bool) -> None:
    """Rewrite Lightning's counters so that it goes on as if it had never been interrupted.

    As they are saved, it skips the validation and the end of an epoch whose last batch was done, the start of an epoch
    that it resumes, and counts epochs one short after the second resume (Lightning 2.6). Set out are: an epoch whose
    start is announced again, batches that are over, and a validation that was not finished as one that begins.

    Args:
        counters: which are changed.
        steps: of the optimizer so far.
        validated: whether the validation that is due at this batch, if one is, has been made.
    """
    epochs, batches = position_of(counters)
    begun = int(batches > 0)
    over = counters[BATCHES]["total"]["processed"]
    waiting = 0 if validated else 1
    counters[EPOCHS] = _twice(_progress(epochs, ready=epochs + begun))
    counters[BATCHES] |= {"total": _progress(over), "current": _progress(batches)}
    counters[VALIDATION] = {
        "total": _progress(0, ready=waiting, started=waiting),
        "current": _progress(0),
        "is_last_batch": False,
    }
    if not begun:
        counters[BATCHES]["is_last_batch"] = False
    counters["epoch_loop.state_dict"] = {"_batches_that_stepped": steps - begun}


def _progress(count: int, ready: int | None = None, started: int | None = None) -> dict[str, int]:
    """A counter that has arrived at a count, and of which more may be ready or started."""
    return {
        "ready": count if ready is None else ready,
        "started": count if started is None else started,
        "processed": count,
        "completed": count,
    }


def _twice(progress: dict[str, int]) -> dict[str, dict[str, int]]:
    """For a counter that is never reset."""
    return {"total": progress, "current": dict(progress)}
