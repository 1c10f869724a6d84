"""The best trial of a study as a config that runs."""

from optuna import Study
from optuna.trial import FrozenTrial, TrialState

from reid.search.space import Space
from reid.search.table import values_in_words


def best_trial(study: Study) -> FrozenTrial | None:
    """The complete trial with the best value; None if there is none."""
    complete = any(trial.state == TrialState.COMPLETE for trial in study.get_trials(deepcopy=False))
    return study.best_trial if complete else None


def with_header(config: str, trial: FrozenTrial, study: Study, objective: str, space: Space) -> str:
    """Say above a config where it comes from, and how it is run."""
    complete = len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    return "\n".join(
        [
            f"# Trial {trial.number}, the best of {complete} complete ones of study {study.study_name}:",
            f"# {objective} {trial.value:.4f} with {values_in_words(space, trial.params)}.",
            "#",
            "#   python train.py fit --config best.yaml",
            "#",
            "# If training people were held out (data.val_identities), train the final model on all of them:",
            "# --data.val_identities 0 --model.num_identities and, of a CenterLoss, its num_identities: their number.",
            config,
        ]
    )
