"""What torchrun and SLURM have started is what trains."""

import pytest

from reid.errors import InputError
from reid.launch import Launch, by_slurm, launch_of, require_as_launched

TORCHRUN = {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "6", "LOCAL_WORLD_SIZE": "3", "RANK": "4"}
SLURM = {"SLURM_NTASKS": "4", "SLURM_NTASKS_PER_NODE": "2", "SLURM_NNODES": "2", "SLURM_JOB_NAME": "mars"}
SLURM_SHELLS = [SLURM | {"SLURM_JOB_NAME": name} for name in ("bash", "interactive")]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"WORLD_SIZE": "2", "RANK": "0"}, None),
        (TORCHRUN, Launch("torchrun", 3, 2)),
        (SLURM, Launch("SLURM", 2, 2)),
        ({"SLURM_NTASKS": "1", "SLURM_JOB_NAME": "mars"}, Launch("SLURM", 1, 1)),
        (SLURM | TORCHRUN, Launch("torchrun", 3, 2)),
        *((shell, None) for shell in SLURM_SHELLS),
    ],
)
def test_the_variables_say_what_was_started(environment: dict[str, str], expected: Launch | None) -> None:
    assert launch_of(environment) == expected
    assert by_slurm(environment) == (expected is not None and expected.by == "SLURM")


def test_tasks_without_a_number_for_each_machine_are_refused() -> None:
    with pytest.raises(InputError, match="--ntasks-per-node instead of --ntasks"):
        launch_of({"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "mars"})


def test_as_many_as_were_started_may_train() -> None:
    require_as_launched(None, 8, 3)
    require_as_launched(Launch("torchrun", 8, 3), 8, 3)


@pytest.mark.parametrize(("devices", "machines"), [(1, 1), (6, 1), (2, 3), (3, 1)])
def test_other_numbers_are_refused_with_what_to_pass(devices: int, machines: int) -> None:
    with pytest.raises(InputError, match=rf"torchrun started 2 x 3 .* uses {machines} x {devices}: pass --") as error:
        require_as_launched(launch_of(TORCHRUN), devices, machines)
    assert "--trainer.num_nodes 2 --trainer.devices 3" in str(error.value)
