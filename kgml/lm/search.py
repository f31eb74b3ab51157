"""``kgml tune pretrain``: learning rate, width and depth by short runs, several at the same time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from kgml import artifacts
from kgml.config import Config, PretrainConfig
from kgml.errors import ArtifactError, InputError, MissingExtraError, UsageError
from kgml.lm.corpus import prepare
from kgml.lm.run import base_rate
from kgml.lm.sizes import heads_of, shape_of
from kgml.lm.trial import Job, Trial, run_trial
from kgml.progress import note, track

if TYPE_CHECKING:
    import optuna

    from kgml.kg.graph import KnowledgeGraph

WAVE = 4
"""Trials that are asked for together: what is tried does not depend on how many run at once."""
STARTUP = 6
"""Trials drawn at random, and finished, before any is ended early."""
RATES = 8.0
"""The learning rate lies within so many times the usual, up and down."""
WIDTHS = (0.5, 0.75, 1.0, 1.5, 2.0)
FILES = ("question.json", "results.json", "trials.csv", "kgml.toml")


def search(
    paths: Sequence[Path], output: Path, options: PretrainConfig, *,
    graphs: Sequence[KnowledgeGraph] = (), trials: int = 16, processes: int = 1,
    devices: Sequence[str] = (), seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Try ``trials`` shapes and learning rates, the usual ones first, and write the best as
    ``kgml.toml``.

    A trial whose loss at a validation is above the median of those before it ends there (Golovin et
    al. 2017). Trials that are in the folder are not run again.

    Args:
        options: of each trial; the limits hold for each.
        processes: how many run at once.
        devices: dealt to them in turn; none: ``options.device``.

    Raises:
        UsageError: no limit, or the folder is of another search.
        InputError: no trial came to its end.
        MissingExtraError: optuna is not installed.
    """
    need_optuna()
    options.check()
    if not (options.max_tokens or options.max_steps or options.max_minutes):
        raise UsageError("a trial wants a limit: --max-tokens, --max-steps or --max-time.")
    usual = shape_of(options)
    tokens = prepare(paths, graphs, options, usual.vocabulary, output / "tokens", seed=seed)
    question = json.loads(artifacts.to_json({
        "tokens": tokens.fingerprint, "seed": seed, "options": asdict(options), "wave": WAVE,
    }))  # fmt: skip
    _check(output, question)
    places = list(devices) or [options.device]
    threads = max(1, torch.get_num_threads() // processes)

    def job(number: int, params: dict[str, Any], done: Sequence[Trial]) -> Job:
        given = {
            **params,
            "heads": heads_of(params["width"]),
            "device": places[number % len(places)],
        }
        chosen = replace(options, **given)
        return Job(number, tokens.folder, chosen, params, seed, threads, _bars(done))

    done = _waves(options, output / "trials", job, trials=trials, processes=processes, seed=seed)
    return _write(output, done, options)


def _waves(
    options: PretrainConfig, folder: Path, job: Callable[..., Job], *, trials: int, processes: int,
    seed: int,
) -> list[Trial]:  # fmt: skip
    """All trials, some at a time; each wave knows how the ones before ended."""
    study, done = _study(options), list[Trial]()
    with _at_once(processes) as run:
        for start in track(range(0, trials, WAVE), "Trials", total=-(-trials // WAVE)):
            numbers = range(start, min(start + WAVE, trials))
            asked = [_ask(study, options, seed, number) for number in numbers]
            jobs = [job(n, params, done) for n, (_, params) in zip(numbers, asked, strict=True)]
            found = list(run(_finished, jobs, [folder] * len(jobs)))
            for (trial, _), one in zip(asked, found, strict=True):
                _tell(study, trial, one)
            done += found
            best = min((one.value for one in done if one.value is not None), default=float("nan"))
            note(f"{len(done)} of {trials} trials, held-out loss {best:.4f} at best")
    return done


@contextmanager
def _at_once(processes: int) -> Iterator[Callable[..., Iterable[Trial]]]:
    """A ``map`` of several processes; of one, this process."""
    if processes == 1:
        yield map
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            yield pool.map
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def need_optuna() -> None:
    """Raise `MissingExtraError` where optuna is missing."""
    try:
        import optuna
    except ImportError:
        raise MissingExtraError("tune", "kgml tune pretrain") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def _check(output: Path, question: Mapping[str, Any]) -> None:
    """Raise where the folder is of another search; begin it where there is none."""
    path = output / FILES[0]
    if path.is_file():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            before = None
        if before != question:
            raise UsageError(
                f"{output}: holds a search of another corpus, seed or options. Give the same to go "
                "on with it, or choose another -o."
            )
    artifacts.write_file(path, artifacts.to_json(question))


def _study(options: PretrainConfig) -> optuna.Study:
    import optuna

    shape = shape_of(options)
    study = optuna.create_study(storage=optuna.storages.InMemoryStorage(), direction="minimize")
    rate = options.learning_rate or base_rate(shape.width)
    study.enqueue_trial({"learning_rate": rate, "width": shape.width, "depth": shape.depth})
    return study


def _ask(
    study: optuna.Study, options: PretrainConfig, seed: int, number: int
) -> tuple[optuna.Trial, dict[str, Any]]:
    from optuna.samplers import TPESampler

    digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
    study.sampler = TPESampler(
        seed=int.from_bytes(digest[:4], "big"), n_startup_trials=STARTUP, constant_liar=True
    )
    shape, trial = shape_of(options), study.ask()
    rate = options.learning_rate or base_rate(shape.width)
    widths = sorted(
        {max(16, 16 * round(shape.width * times / 16)) for times in WIDTHS} | {shape.width}
    )
    return trial, {
        "learning_rate": trial.suggest_float(
            "learning_rate", rate / RATES, min(1.0, rate * RATES), log=True
        ),
        "width": trial.suggest_categorical("width", widths),
        "depth": trial.suggest_int("depth", max(1, shape.depth // 2), 2 * shape.depth),
    }


def _bars(done: Sequence[Trial]) -> tuple[float, ...]:
    """For each validation the median of the losses there; none of the last, and none too early."""
    whole = [one.losses for one in done if one.value is not None]
    if len(done) < STARTUP or not whole:
        return ()
    longest = min(map(len, whole)) - 1
    return tuple(statistics.median(losses[i] for losses in whole) for i in range(longest))


def _finished(job: Job, folder: Path) -> Trial:
    """Run, or read where it was run before."""
    path = folder / f"{job.number:04d}.json"
    if path.is_file():
        try:
            found = Trial(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ArtifactError(f"{path}: damaged ({error}). Remove it to run it again.") from None
        if found.params == dict(job.params):
            return found
    done = run_trial(job)
    artifacts.write_file(path, artifacts.to_json(asdict(done)))
    return done


def _tell(study: optuna.Study, trial: optuna.Trial, found: Trial) -> None:
    from optuna.trial import TrialState

    for step, loss in enumerate(found.losses):
        trial.report(loss, step)
    if found.value is None:
        study.tell(trial, state=TrialState.PRUNED if found.losses else TrialState.FAIL)
    else:
        study.tell(trial, found.value)


def _write(output: Path, done: Sequence[Trial], options: PretrainConfig) -> dict[str, Any]:
    whole = [one for one in done if one.value is not None]
    if not whole:
        raise InputError(
            f"none of {len(done)} trials came to an end: their losses are no numbers. Give a smaller "
            "learning_rate in [pretrain]."
        )
    best = min(whole, key=lambda one: (one.value, one.number))
    tuned = replace(options, **best.params, heads=heads_of(best.params["width"]))
    free = replace(tuned, max_tokens=None, max_steps=None, max_minutes=None)
    config = replace(Config(), pretrain=free)
    artifacts.write_file(output / "kgml.toml", config.to_toml() + "\n")
    result = {
        "path": str(output), "best": asdict(best), "usual": asdict(done[0]),
        "trials": len(done), "ended_early": len(done) - len(whole),
        "all": [asdict(one) for one in done],
    }  # fmt: skip
    artifacts.write_file(output / "results.json", artifacts.to_json(result))
    artifacts.write_file(output / "trials.csv", _table(done))
    return result


def _table(done: Sequence[Trial]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = ("number", "value", "parameters", "steps", "seconds")
    writer.writerow([*names, *done[0].params, "losses"])
    for one in done:
        cells = [getattr(one, name) for name in names]
        losses = " ".join(f"{loss:.4f}" for loss in one.losses)
        writer.writerow(
            [*("" if cell is None else cell for cell in cells), *one.params.values(), losses]
        )
    return stream.getvalue()
