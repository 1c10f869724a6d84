"""Settings that tell runs apart, as a flat list."""

from types import SimpleNamespace

from reid.board.recipe import plain_settings, settings_of_run

RECIPE = {
    "backbone": {"class_path": "reid.backbones.ResNetTA", "init_args": {"depth": 50, "size": [64, 32]}},
    "losses": {"identity": {"class_path": "reid.losses.IdentityLoss"}, "triplet": None},
    "scheduler": None,
    "gather": False,
    "_instantiator": "lightning.pytorch.cli.instantiate_module",
}


def test_a_class_is_its_name_and_arguments_follow() -> None:
    assert plain_settings(RECIPE) == {
        "backbone": "ResNetTA",
        "backbone/depth": 50,
        "backbone/size": "[64, 32]",
        "losses": "identity",
        "losses/identity": "IdentityLoss",
        "gather": "false",
    }


def test_what_is_around_the_model_is_told_as_far_as_it_is_there() -> None:
    trainer, data = SimpleNamespace(max_epochs=3), SimpleNamespace(identities_per_batch=8)
    told = settings_of_run({}, trainer, data, {"benchmark": "MARS", "mAP": 0.5})
    told.pop("seed", None)
    assert told == {"max_epochs": 3, "identities_per_batch": 8, "benchmark": "MARS"}
    assert set(settings_of_run({}, trainer, None, {})) <= {"max_epochs", "seed"}
