"""Train, validate and test: `python train.py fit --config configs/demo.yaml`."""

import sys
from collections.abc import Sequence

from lightning.pytorch import LightningDataModule, LightningModule
from lightning.pytorch.cli import LightningCLI
from typing_extensions import override

import explain.callback  # noqa: F401 - so that configs may name it by its short name
from datasets.datamodule import ReIDDataModule
from reid.errors import exit_status

COMMANDS = {"fit", "validate", "test"}


class ReIDCLI(LightningCLI):
    """LightningCLI with the commands that ReID has."""

    @staticmethod
    @override
    def subcommands() -> dict[str, set[str]]:
        return {name: skipped for name, skipped in LightningCLI.subcommands().items() if name in COMMANDS}


def main(args: Sequence[str] | None = None) -> LightningCLI:
    """Run one command.

    Args:
        args: the command line; None takes it from `sys.argv`.

    Raises:
        InputError: a user's mistake that the constructors or the run found.
    """
    cli = ReIDCLI(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        auto_configure_optimizers=False,
        save_config_kwargs={"overwrite": True},
        seed_everything_default=0,
        trainer_defaults={"use_distributed_sampler": False, "default_root_dir": "runs"},
        parser_kwargs={name: {"usage": f"train.py {name} --config FILE [--key value ...]"} for name in COMMANDS},
        args=list(args) if args is not None else None,
    )
    if cli.subcommand == "fit" and cli.trainer.is_global_zero:
        print(next_steps(cli))  # noqa: T201
    return cli


def next_steps(cli: LightningCLI) -> str:
    """Say the exact commands that look at what a finished `fit` made."""
    run = cli.trainer.log_dir or cli.trainer.default_root_dir
    steps = ["", "next:", f"  tensorboard --logdir {run}"]
    checkpoint = getattr(cli.trainer.checkpoint_callback, "best_model_path", "")
    if checkpoint and isinstance(cli.datamodule, ReIDDataModule):
        tracklet = cli.datamodule.benchmark.query[0]
        steps.append(
            f"  python explain.py --tracklet {tracklet.folder / tracklet.name} --checkpoint {checkpoint} "
            f"--output {run}/explanation"
        )
    return "\n".join(steps)


if __name__ == "__main__":
    sys.exit(exit_status(main))
