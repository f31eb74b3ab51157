"""What ``kgml compare`` calls."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from kgml.artifacts import to_json, write_file
from kgml.data.corpus import Corpus, read_corpus
from kgml.encoders.tuning.alone import alone
from kgml.evaluation.answers import answers
from kgml.evaluation.report import as_csv, as_markdown
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.union import union
from kgml.models.compare.fits import run_cell
from kgml.models.compare.knowledge import Knowledge
from kgml.models.compare.question import Question, cells
from kgml.models.compare.store import Folder, Plan
from kgml.models.compare.tally import Tally
from kgml.models.parallel import in_parallel
from kgml.models.train import find_graph, make_classifier
from kgml.progress import note

RESULTS, CSV, REPORT = "results.json", "results.csv", "report.md"


def compare(question: Question, output: Path) -> dict[str, Any]:
    """Train what the question asks for, compare it on the test rows, write the answers.

    Every finished cell is kept in ``output``: the same call goes on after any stop and ends with
    the same bytes. ``results.json`` holds all numbers (scores and differences between 0 and 1),
    ``results.csv`` the same as a table of one number a row, ``report.md`` the words.

    No test row is looked at before a model is finished: vocabulary, idf, fusion, temperature, the
    decision whether knowledge is used, the permutation of a placebo and the branches to leave out
    come from training rows.

    Returns:
        What ``results.json`` holds, and ``path``, ``seconds``, ``trained`` (cells of this call).

    Raises:
        KGMLError: whatever cannot be used; finished cells are kept.
    """
    started = time.perf_counter()
    config, options = question.config, question.config.train
    make_classifier(None, config).check_options()
    corpus = read_corpus(
        question.data, options.text_column, options.label_column, options.split_column,
        options.test_size, seed=config.seed,
    )  # fmt: skip
    graphs = [find_graph(path, question.data, config)[1] for path in question.graphs]
    with alone(output):
        folder = Folder(output, question.key(graphs))
        folder.open()
        plan, trained = _fill(question, corpus, graphs, folder)
        results = Tally(question, corpus, folder, plan).results()
        results["answers"] = answers(results)
        write_file(folder.path / CSV, as_csv(results))
        write_file(folder.path / REPORT, as_markdown(results))
        write_file(folder.path / RESULTS, to_json(results))
    seconds = round(time.perf_counter() - started, 3)
    return {**results, "path": str(output), "seconds": seconds, "trained": trained}


def _fill(
    question: Question, corpus: Corpus, graphs: list[KnowledgeGraph], folder: Folder
) -> tuple[Plan, int]:
    """Train what is missing; the plan, and how many cells that were."""
    plan = folder.plan()
    missing = [] if plan is None else [
        cell for cell in cells(question, plan.parts) if not folder.has(cell)
    ]  # fmt: skip
    if plan is not None and not missing:
        return plan, 0
    knowledge = Knowledge(question, corpus, graphs, union(graphs))
    if plan is None:
        plan = knowledge.plan()
        folder.write_plan(plan)
        missing = [cell for cell in cells(question, plan.parts) if not folder.has(cell)]
    every = sum(1 for _ in cells(question, plan.parts))
    note(f"{len(missing):,} of {every:,} models to train; each is kept when it is finished, and "
         "the same command goes on after a stop")  # fmt: skip
    parts = {part.name: part for part in plan.parts}
    in_parallel(
        lambda cell: folder.write(cell, run_cell(cell, knowledge, parts)), missing, "Comparing"
    )
    return plan, len(missing)
