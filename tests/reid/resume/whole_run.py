"""What a checkpoint of a training holds, as far as it is looked at before the training goes on."""

from typing import Any, Final

_DONE: Final = {"total": {"ready": 1, "started": 1, "processed": 1, "completed": 1}}
RUN: Final[dict[str, Any]] = {
    "state_dict": {},
    "epoch": 1,
    "global_step": 1,
    "loops": {
        "fit_loop": {
            "epoch_progress": {**_DONE, "current": _DONE["total"]},
            "epoch_loop.batch_progress": {**_DONE, "current": _DONE["total"]},
        }
    },
    "callbacks": {},
    "optimizer_states": [{"state": {}, "param_groups": []}],
    "lr_schedulers": [],
    "pytorch-lightning_version": "2.6.6",
}
