"""Whether as many processes were started as a training asks for: Lightning trains several times over otherwise."""

from collections.abc import Mapping
from typing import NamedTuple

from reid.errors import InputError

BY_HAND = {"bash", "interactive"}
"""Names of SLURM jobs in which Lightning starts the processes itself."""

_SIZES = ("WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
"""Where launchers of other kinds say how many processes there are."""


class Launch(NamedTuple):
    """What was started from outside.

    Attributes:
        by: who did it.
        devices: processes on each machine.
        machines: how many.
    """

    by: str
    devices: int
    machines: int


def launch_of(environment: Mapping[str, str]) -> Launch | None:
    """Read what torchrun or SLURM tells the processes that it starts; None if neither did.

    Args:
        environment: variables, such as `os.environ`.

    Raises:
        InputError: SLURM started several tasks without a number for each machine, which Lightning cannot number.

    >>> launch_of({"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4"})
    Launch(by='torchrun', devices=4, machines=2)
    >>> launch_of({"SLURM_NTASKS": "4", "SLURM_NTASKS_PER_NODE": "4", "SLURM_JOB_NAME": "mars"})
    Launch(by='SLURM', devices=4, machines=1)
    """
    if "TORCHELASTIC_RUN_ID" in environment:
        world = int(environment["WORLD_SIZE"])
        each = int(environment.get("LOCAL_WORLD_SIZE", world))
        return Launch("torchrun", each, world // each)
    if not by_slurm(environment):
        return None
    tasks, each_node = int(environment["SLURM_NTASKS"]), environment.get("SLURM_NTASKS_PER_NODE")
    if tasks > 1 and each_node is None:
        raise InputError(
            f"SLURM started {tasks} tasks and does not say how many on each machine: ask for them with "
            "--ntasks-per-node instead of --ntasks"
        )
    return Launch("SLURM", int(each_node or tasks), int(environment.get("SLURM_NNODES", "1")))


def by_slurm(environment: Mapping[str, str]) -> bool:
    """Whether `srun` or `sbatch` started this process, and not torchrun below it, nor a user in a shell of the job.

    >>> by_slurm({"SLURM_NTASKS": "1", "SLURM_JOB_NAME": "interactive"})
    False
    """
    started = "SLURM_NTASKS" in environment and environment.get("SLURM_JOB_NAME") not in BY_HAND
    return started and "TORCHELASTIC_RUN_ID" not in environment


def require_as_launched(launch: Launch | None, devices: int, machines: int) -> None:
    """Refuse to train in another number of processes than were started.

    Args:
        launch: what was started; None leaves it to Lightning.
        devices: of each machine that the Trainer uses.
        machines: that the Trainer uses.

    Raises:
        InputError: the numbers differ; it says what to pass.
    """
    if launch is not None and (devices, machines) != launch[1:]:
        raise InputError(
            f"{launch.by} started {launch.machines} x {launch.devices} processes (machines x processes on each), but "
            f"the Trainer uses {machines} x {devices}: pass --trainer.num_nodes {launch.machines} --trainer.devices "
            f"{launch.devices}, or start as many as it uses"
        )


def require_no_others(environment: Mapping[str, str], processes: int) -> None:
    """Refuse to train alone beside processes that something else has started.

    Args:
        environment: variables, such as `os.environ`.
        processes: that the Trainer uses, on all machines.

    Raises:
        InputError: there are others.

    >>> require_no_others({"WORLD_SIZE": "2"}, 2)
    >>> require_no_others({"OMPI_COMM_WORLD_SIZE": "2"}, 1)
    Traceback (most recent call last):
    reid.errors.InputError: OMPI_COMM_WORLD_SIZE=2, but the Trainer uses 1 processes: start them with torchrun or srun
    """
    for name in _SIZES:
        if environment.get(name, "1") not in {"1", str(processes)}:
            raise InputError(
                f"{name}={environment[name]}, but the Trainer uses {processes} processes: start them with torchrun or "
                "srun"
            )
