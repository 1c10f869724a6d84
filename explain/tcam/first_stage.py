"""The command line of the classifier that TCAM learns from."""

import json
from pathlib import Path

import yaml
from jsonargparse import Namespace


def first_stage(config: Path, given: Namespace) -> list[str]:
    """The options of a classifier that go with those of the decoder: the same network on the same frames.

    Args:
        config: of the classifier, which says whether its network starts from fetched weights.
        given: what the decoder is trained with.
    """
    model, data = given.model.init_args, given.data.init_args
    backbone = model.backbone.as_dict()
    own = yaml.safe_load(config.read_text())["model"]["init_args"]["backbone"].get("init_args", {})
    if "pretrained" in own:
        backbone["init_args"]["pretrained"] = own["pretrained"]
    seed = [f"--seed_everything={given.seed_everything}"] if isinstance(given.seed_everything, int) else []
    return [
        f"--model.backbone={json.dumps(backbone, default=str)}",
        f"--model.num_identities={model.num_identities}",
        f"--model.neck={model.neck}",
        f"--data.benchmark={json.dumps(data.benchmark.as_dict(), default=str)}",
        f"--data.size={json.dumps(list(data.size))}",
        f"--data.workers={data.workers}",
        f"--trainer.accelerator={given.trainer.accelerator}",
        "--trainer.devices=1",
        *seed,
    ]
