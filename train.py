"""Train, validate and test: `python train.py fit --config configs/demo.yaml`."""

import logging
import sys
import warnings
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import NoReturn

from lightning.pytorch import LightningDataModule, LightningModule
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import TensorBoardLogger
from typing_extensions import override

import explain.callback  # noqa: F401 - so that configs may name it by its short name
from datasets.datamodule import ReIDDataModule
from reid.checkpoint import check_resumable
from reid.errors import InputError, exit_status

COMMANDS = {"fit", "validate", "test"}
STARTING_POINTS = {"model.init_args.backbone.init_args.pretrained": False, "model.init_args.weights": None}
"""Where weights come from without a checkpoint, and what switches that off."""


class OneLineParser(LightningArgumentParser):
    """Says in one line what is wrong with a config or an option."""

    @override
    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise the innermost reason; jsonargparse tells the way down to it, type by type."""
        if not self.exit_on_error:  # the parser of one class inside of a config: its parser will tell
            super().error(message, ex)
        lines = [line.strip().lstrip("- ") for line in message.splitlines() if line.strip()]
        blamed = [number for number, line in enumerate(lines) if line.startswith("Problem with given class_path")]
        told = lines[blamed[-1] :] if blamed else lines
        reason = takewhile(lambda line: not line.startswith(("Expected a <class 'NoneType'>", "Given value")), told)
        raise InputError(f"{' '.join(reason)}; see train.py --help") from ex


class ReIDCLI(LightningCLI):
    """LightningCLI with the commands that ReID has, which executes nothing that a checkpoint holds."""

    @staticmethod
    @override
    def subcommands() -> dict[str, set[str]]:
        return {name: skipped for name, skipped in LightningCLI.subcommands().items() if name in COMMANDS}

    @override
    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        super().parse_arguments(parser, args)
        given = self.config.get(self.config.get("subcommand"), {})
        if given.get("ckpt_path"):
            check_resumable(Path(given.ckpt_path))
            given.weights_only = True
            for place, nothing in STARTING_POINTS.items():  # the checkpoint holds all tensors: fetch no others
                if given.get(place):
                    given[place] = nothing

    @override
    def _parse_ckpt_path(self) -> None:
        """Take nothing from the checkpoint: Lightning would let its hyper-parameters overrule the command line."""


def main(args: Sequence[str] | None = None) -> LightningCLI:
    """Run one command.

    Args:
        args: the command line; None takes it from `sys.argv`.

    Raises:
        InputError: a user's mistake that the constructors or the run found.
    """
    _quieten_lightning()
    cli = ReIDCLI(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        auto_configure_optimizers=False,
        save_config_kwargs={"overwrite": True},
        seed_everything_default=0,
        trainer_defaults={"use_distributed_sampler": False, "default_root_dir": "runs"},
        parser_class=OneLineParser,
        parser_kwargs={name: {"usage": f"train.py {name} --config FILE [--key value ...]"} for name in COMMANDS},
        args=list(args) if args is not None else None,
    )
    if cli.subcommand == "fit" and cli.trainer.is_global_zero and not cli.trainer.fast_dev_run:  # type: ignore[attr-defined]
        print(next_steps(cli))  # noqa: T201
    return cli


def _quieten_lightning() -> None:
    """Keep Lightning's advertisements and warnings about itself off the screen."""
    warnings.filterwarnings("ignore", ".*LeafSpec|The dirpath has changed")
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(
        lambda record: "Tip:" not in record.getMessage()
    )


def next_steps(cli: LightningCLI) -> str:
    """Say the exact commands that look at what a finished `fit` made."""
    run = cli.trainer.log_dir or cli.trainer.default_root_dir
    steps = ["", "next:"]
    if isinstance(cli.trainer.logger, TensorBoardLogger):
        steps.append(f"  tensorboard --logdir {run}")
    checkpoint = getattr(cli.trainer.checkpoint_callback, "best_model_path", "")
    if checkpoint and isinstance(cli.datamodule, ReIDDataModule):
        tracklet = cli.datamodule.benchmark.query[0]
        alone = not all(name.startswith(tracklet.name) for name in tracklet.names)  # else its folder holds others too
        where = tracklet.folder if alone else tracklet.folder / tracklet.name
        steps.append(f"  python explain.py --tracklet {where} --checkpoint {checkpoint} --output {run}/explanation")
    return "\n".join(steps)


def run(args: Sequence[str] | None = None) -> None:
    """Run one command; a checkpoint that does not fit its config is a user's mistake like others."""
    try:
        main(args)
    except RuntimeError as error:
        if "Error(s) in loading state_dict" not in str(error):
            raise
        raise InputError(
            "--ckpt_path: its tensors do not fit the model of this config: give the config of that run, or start from "
            "its weights with --model.weights FILE"
        ) from error


if __name__ == "__main__":
    sys.exit(exit_status(run))
