"""One search by Optuna: which values to try next, and when to give a trial up.

The sampler is TPE (Bergstra et al. 2011), multivariate, the pruner Optuna's paired Wilcoxon test of
a trial's folds against those of the best trial so far. Nothing depends on time or on the number of
cores: a trial's sampler is seeded by seed, search and number, and trials are asked for `BATCH` at a
time, whoever may be free.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from kgml.errors import MissingExtraError
from kgml.models.parallel import Waves
from kgml.models.tune.space import Params, Range, Space
from kgml.models.tune.trials import Folder, Trial

if TYPE_CHECKING:
    import optuna

BATCH = 4
"""Trials asked for together, and judged by what was known before them."""
STARTUP = 10
"""Trials after which what was found guides what is tried."""
LOSING, LEAST_FOLDS = 0.2, 3
"""A trial is given up from its third fold on where the signed ranks of its folds' losses to the best
trial have a smaller p-value: of three folds all lost (.125), of four all but the closest."""
Report = Callable[[float], bool]
"""Takes the score of one more fold; says whether to give the trial up."""
Run = Callable[[Params, Report], tuple[float | None, float]]
"""Runs the folds of a trial: its value, None where it was given up, and processor seconds."""


@dataclass
class Search:
    """A study of ``space``.

    Args:
        name: its folder, and a part of its seeds.
        given: values by name of options that are not searched, on which others depend.
        first: values of the trials that come first, the defaults before all.
        run: what a trial is.
        over: whether the time is up.
    """

    name: str
    space: Space
    given: Mapping[str, Any]
    first: Sequence[Params]
    trials: int
    seed: int
    lower: bool
    folder: Folder
    run: Run
    over: Callable[[], bool] = lambda: False

    def waves(self) -> Waves[Found]:
        """The trials, a few at a time; what is in the folder is read and not run."""
        study = self._study()
        done: list[Trial] = []
        while len(done) < self.trials:
            size = BATCH if done else max(len(self.first), 1)
            numbers = range(len(done), min(len(done) + size, self.trials))
            kept = all(self.folder.has(self.name, number) for number in numbers)
            if done and not kept and self.over():
                break
            asked = [self._ask(study, number) for number in numbers]
            found: list[Trial] = yield [partial(self._finish, *one) for one in asked]
            for (trial, _), one in zip(asked, found, strict=True):
                _tell(study, trial, one)
            done += found
        return Found(done, self.lower, importances(study))

    def _study(self) -> optuna.Study:
        import optuna

        study = optuna.create_study(
            storage=optuna.storages.InMemoryStorage(),
            direction="minimize" if self.lower else "maximize",
            pruner=optuna.pruners.WilcoxonPruner(p_threshold=LOSING, n_startup_steps=LEAST_FOLDS),
        )
        for params in self.first:
            study.enqueue_trial(dict(params))
        return study

    def _ask(self, study: optuna.Study, number: int) -> tuple[optuna.Trial, Params]:
        from optuna.samplers import TPESampler

        seed = hashlib.sha256(f"{self.seed} {self.name} {number}".encode()).digest()
        study.sampler = TPESampler(
            seed=int.from_bytes(seed[:4], "big"), n_startup_trials=STARTUP, multivariate=True
        )
        trial = study.ask()
        return trial, self._suggest(trial)

    def _suggest(self, trial: optuna.Trial) -> Params:
        """Values by label, of the options that apply; asked of Optuna in the order of the table."""
        params: dict[str, Any] = {}
        chosen = dict(self.given)
        for option in self.space.options:
            if not option.applies(chosen):
                continue
            values = option.values
            if isinstance(values, Range):
                picked = trial.suggest_float(option.label, values.low, values.high, log=values.log)
            else:
                picked = trial.suggest_categorical(option.label, list(values.values))
            params[option.label] = chosen[option.name] = picked
        return params

    def _finish(self, trial: optuna.Trial, params: Params) -> Trial:
        """The trial, finished: read, or run and kept."""
        if self.folder.has(self.name, trial.number):
            found = self.folder.read(self.name, trial.number, params)
            for step, score in enumerate(found.scores):
                trial.report(score, step)
            return found
        scores: list[float] = []

        def report(score: float) -> bool:
            trial.report(score, len(scores))
            scores.append(score)
            return trial.should_prune()

        value, seconds = self.run(params, report)
        done = Trial(trial.number, dict(params), scores, value, round(seconds, 2))
        self.folder.write(self.name, done)
        return done


@dataclass(frozen=True)
class Found:
    """A finished search."""

    trials: list[Trial]
    lower: bool
    importances: dict[str, float]

    @property
    def best(self) -> Trial:
        """The trial of the best value; of equals the first, so the defaults if nothing is better."""
        sign = 1 if self.lower else -1
        complete = [trial for trial in self.trials if trial.value is not None]
        return min(complete, key=lambda trial: (sign * (trial.value or 0.0), trial.number))

    def ranked(self) -> list[Trial]:
        """All trials, the best first, those given up last."""
        sign = 1 if self.lower else -1
        return sorted(
            self.trials,
            key=lambda t: (t.pruned, sign * (t.value or 0.0), -len(t.scores), t.number),
        )


def importances(study: optuna.Study) -> dict[str, float]:
    """How much each option tells good trials from others (PED-ANOVA: Watanabe et al. 2023), summing
    to 1; empty where fewer than ten trials were finished."""
    import optuna

    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if len(complete) < STARTUP or len({trial.value for trial in complete}) == 1:
        return {}
    found = optuna.importance.get_param_importances(study)
    return {name: round(float(share), 4) for name, share in found.items()}


def need_optuna() -> None:
    """Raise `MissingExtraError` where Optuna is not installed."""
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise MissingExtraError("tune", "kgml tune") from None


@contextmanager
def hushed() -> Iterator[None]:
    """Optuna says nothing, and nobody says that a fit of a trial has not converged."""
    import optuna
    from sklearn.exceptions import ConvergenceWarning

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            for kind in (optuna.exceptions.ExperimentalWarning, ConvergenceWarning):
                warnings.simplefilter("ignore", kind)
            warnings.filterwarnings("ignore", module="optuna")
            yield
    finally:
        optuna.logging.set_verbosity(before)


def _tell(study: optuna.Study, trial: optuna.Trial, found: Trial) -> None:
    from optuna.trial import TrialState

    if found.value is None:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, found.value)
