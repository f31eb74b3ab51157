"""All searches of one study, what they say together, and the one look at the test rows."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from kgml.config import Config
from kgml.data.corpus import Corpus
from kgml.kg.graph import KnowledgeGraph
from kgml.models.assembly import has_leads
from kgml.models.classifier import warn_if_unlinked
from kgml.models.parallel import Waves, in_waves
from kgml.models.targets.base import Codes, Target
from kgml.models.tune.ask import Tuning
from kgml.models.tune.bench import Bench, Kept, Readings
from kgml.models.tune.metric import Metric
from kgml.models.tune.nested import (
    DEFAULTS,
    TUNED,
    Outer,
    Worth,
    fitted,
    held,
    outer_folds,
    outer_waves,
    worth,
)
from kgml.models.tune.report import sentence
from kgml.models.tune.space import Choice, Params, Space, rounded
from kgml.models.tune.study import Found, Search
from kgml.models.tune.trials import Folder, Trial
from kgml.progress import note

ALL = "all"
"""The search on all training rows; those of outer folds are called by their number."""


class Job:
    """One study, from its training rows on.

    Args:
        codes: of the training rows, as ``target`` learned them.
    """

    def __init__(
        self, tuning: Tuning, config: Config, graph: KnowledgeGraph, corpus: Corpus,
        target: Target, codes: Codes, metric: Metric, space: Space, folder: Folder,
    ) -> None:  # fmt: skip
        self.tuning, self.config, self.graph, self.corpus = tuning, config, graph, corpus
        self.target, self.codes, self.metric, self.folder = target, codes, metric, folder
        texts, self.labels = corpus.part(corpus.train)
        self.readings = Readings(space, config, graph, texts)
        self.space = self._possible(space)
        self.seconds, self.trained = 0.0, 0
        self._kept = Kept()
        self._bench: dict[str, Bench] = {}

    def search(self) -> dict[str, Any]:
        """Run what is missing of every search; the results, but for the test rows."""
        tuning, rows = self.tuning, np.arange(len(self.labels))
        folds = outer_folds(
            self.target, self.codes, tuning.outer_folds, self.config.seed, self.readings.near
        )
        clock = _Clock(tuning.minutes)
        names = [ALL, *map(str, range(len(folds)))]
        searches = [
            self._search(name, part, clock)
            for name, part in zip(names, [rows, *(fold.inside for fold in folds)], strict=True)
        ]
        left = sum(
            not self.folder.has(one.name, n) for one in searches for n in range(tuning.trials)
        )
        note(f"{left:,} of {len(searches) * tuning.trials:,} trials to run, each kept when it is "
             "finished; the same command goes on after a stop")  # fmt: skip
        series: list[Waves[Any]] = [searches[0].waves()]
        series += [
            outer_waves(search, self._bench[search.name], fold, self.labels, self.graph)
            for search, fold in zip(searches[1:], folds, strict=True)
        ]
        total = len(searches) * tuning.trials + 2 * len(folds)
        final, *outer = in_waves(series, "Tuning", total)
        every = [
            trial for found in (final, *(one.found for one in outer)) for trial in found.trials
        ]
        self.seconds = round(sum(trial.seconds for trial in every), 1)
        self.trained = left - (len(searches) * tuning.trials - len(every))
        return self._results(final, outer)

    def chosen(self, results: dict[str, Any]) -> Config:
        """The options that are kept."""
        if results["kept"] == DEFAULTS:
            return self.config
        return self._bench[ALL].configured(self._best.params)

    def test(self, chosen: Config) -> dict[str, Any]:
        """The tuned model and the default one on the test rows."""
        truth = [self.corpus.labels[i] for i in self.corpus.test]
        texts = [self.corpus.texts[i] for i in self.corpus.test]
        first = self._bench[ALL].first
        said = {}
        for name, config, params in (
            (DEFAULTS, self.config, first),
            (TUNED, chosen, self._best.params),
        ):
            documents, vectors = self.readings.of(params)
            model = fitted(self.graph, config, documents, self.labels, vectors)
            said[name] = held(model, model.featurizer().documents(texts), truth, self.metric)
        seed = self.config.seed
        gain = self.metric.gain(self.target, truth, said[DEFAULTS], said[TUNED], seed)
        scores = {n: self.metric.measure(self.target, truth, h, seed) for n, h in said.items()}
        return {**scores, "difference": gain.value, "interval": list(gain.interval)}

    def _search(self, name: str, rows: Any, clock: _Clock) -> Search:
        bench = Bench(self.readings, rows, self.codes[rows], self.target, self.space, self.config,
                      self.metric, self.tuning.folds, self._kept)  # fmt: skip
        self._bench[name] = bench
        return Search(name, self.space, bench.given, _first(self.space, bench.first),
                      self.tuning.trials, self.config.seed, self.metric.lower, self.folder,
                      bench.run, clock.over)  # fmt: skip

    def _possible(self, space: Space) -> Space:
        """Without what these texts give no room for."""
        documents = [self.readings.of(values)[0] for values in space.readings()]
        if not any(of.own.nnz for of in documents):
            warn_if_unlinked(documents[0])
            space = space.without("fusion", "no training text mentions a concept of the graph")
        if not any(has_leads(of) for of in documents):
            space = space.without("lead", "few training texts go on after their first sentence")
        return space

    def _results(self, final: Found, outer: list[Outer]) -> dict[str, Any]:
        self._best = best = final.best
        found = self._worth(outer)
        sure = found is None or found.worth or self.tuning.always
        results = {
            "metric": self.metric.name, "folds": self.tuning.folds, "seed": self.config.seed,
            "space": self.space.to_dict(), "not_searched": dict(sorted(self.space.left.items())),
            "trials": [self._trial(one) for one in final.ranked()],
            "defaults": final.trials[0].value, "best": self._trial(best),
            "importances": final.importances,
            "pruned": {
                "trials": sum(one.pruned for one in final.trials),
                "folds": sum(self.tuning.folds - len(one.scores) for one in final.trials),
            },
            "outer": None if found is None else {
                **found.scores, "difference": found.difference.value,
                "interval": list(found.difference.interval), "worth": found.worth,
                "folds": [self._fold(one) for one in outer],
            },
            "kept": TUNED if best.number and sure else DEFAULTS,
            "stopped": len(final.trials) < self.tuning.trials,
        }  # fmt: skip
        told = None if found is None else self.metric.told(found.difference)
        return {**results, "sentence": sentence(results, told)}

    def _worth(self, outer: list[Outer]) -> Worth | None:
        if not outer:
            return None
        return worth(outer, self.labels, self.target, self.metric, self.config.seed)

    def _trial(self, trial: Trial) -> dict[str, Any]:
        options = {label: rounded(value) for label, value in trial.params.items()}
        return {"number": trial.number, "value": trial.value, "scores": trial.scores,
                "pruned": trial.pruned, "options": options}  # fmt: skip

    def _fold(self, one: Outer) -> dict[str, Any]:
        """An outer fold: how many trials, and which was best on its other rows."""
        return {"rows": len(one.fold.outside), "trials": len(one.found.trials),
                "defaults": one.found.trials[0].value, "best": self._trial(one.found.best)}  # fmt: skip


class _Clock:
    """Whether the minutes are over that began when it was made."""

    def __init__(self, minutes: float | None) -> None:
        self._end = None if minutes is None else time.monotonic() + 60 * minutes

    def over(self) -> bool:
        return self._end is not None and time.monotonic() > self._end


def _first(space: Space, usual: Params) -> list[Params]:
    """The trials that come first: the defaults, and the same without knowledge."""
    first: list[Params] = [usual]
    for option in space.options:
        off = {**usual, option.label: "none"}
        if option.name == "fusion" and isinstance(option.values, Choice) and off != usual:
            first += [off] * ("none" in option.values.values)
    return first
