"""What ``kgml tune`` calls."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from kgml.artifacts import to_json, write_file
from kgml.config import FILE, Config
from kgml.data.corpus import read_corpus
from kgml.encoders.tuning.alone import alone
from kgml.models.train import DEFAULT, examples_of, find_graph, make_classifier, train
from kgml.models.tune.ask import Tuning, check_config, check_rows, study_key
from kgml.models.tune.job import Job
from kgml.models.tune.metric import Metric
from kgml.models.tune.nested import DEFAULTS, TUNED
from kgml.models.tune.report import as_csv, as_markdown
from kgml.models.tune.study import hushed, need_optuna
from kgml.models.tune.trials import Folder
from kgml.models.tune.usual import settled

RESULTS, CSV, REPORT, MODEL = "results.json", "trials.csv", "report.md", "model"


def tune_options(
    *,
    output: Path,
    graph: Path | None = None,
    data: Path | None = None,
    tuning: Tuning = Tuning(),  # noqa: B008 - frozen
    config: Config = DEFAULT,
) -> dict[str, Any]:
    """Search for better options than those of ``config``, say what that is worth, and train.

    The first trial are these options, so no search ends below them on its own evidence. Test rows
    take no part before all is decided; then the model that is kept and the default one are asked for
    them once. ``output`` holds the trials (the same call goes on after any stop, and ends with the
    same bytes but for seconds), ``results.json``, ``trials.csv``, ``report.md``, ``kgml.toml`` with
    the options that are kept, and ``model``, as `kgml train` writes it with these options.

    Args:
        graph: as in `kgml.models.train.train`, and so is ``data``.

    Returns:
        What ``results.json`` holds, and ``path``, ``seconds``, ``trained`` (trials of this call).

    Raises:
        KGMLError: whatever cannot be used; finished trials are kept.
    """
    started = time.perf_counter()
    tuning.check()
    need_optuna()
    check_config(config)
    model, options = make_classifier(None, config), config.train
    model.check_options()
    target = model.make_target()
    metric, space = Metric.of_target(target, tuning.metric), tuning.searched()
    source, loaded = find_graph(graph, data, config)
    data = data or examples_of(loaded, source)
    corpus = read_corpus(
        data, options.text_column, options.label_column, options.split_column, options.test_size,
        options.per_class, config.seed, model.label_kind(options.label_separator),
    )  # fmt: skip
    labels = [corpus.labels[i] for i in corpus.train]
    codes = target.learn(target.check(labels))
    check_rows(data, target, labels, tuning)
    per_class = len(labels) / max(target.width(codes), 1)
    space = settled(space, config, per_class, tuning.space is not None)
    folder = Folder(output, study_key(tuning, config, space, metric, data, loaded))
    with alone(output), hushed():
        folder.open()
        job = Job(tuning, config, loaded, corpus, target, codes, metric, space, folder)
        results = job.search()
        chosen = job.chosen(results)
        toml = output / FILE
        command = f"kgml train --graph {source} --data {data} -o {output / MODEL}"
        write_file(toml, f"# by kgml tune; where this file lies, {command}\n{chosen.to_toml()}\n")
        chosen = Config.from_toml(toml)
        tested = job.test(chosen) if results["kept"] == TUNED else None
        made = train(graph=graph, data=data, output=output / MODEL, config=chosen, command=command)
        results["test"] = tested or {DEFAULTS: made["metrics"]}
        results["model"] = {name: made[name] for name in ("head", "knowledge")}
        write_file(output / CSV, as_csv(results))
        write_file(output / REPORT, as_markdown(results))
        write_file(output / RESULTS, to_json(results))
    return {
        **results,
        "path": str(output),
        "seconds": round(time.perf_counter() - started, 3),
        "trial_seconds": job.seconds,
        "trained": job.trained,
    }
