"""What ``kgml assess`` calls."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kgml.artifacts import write_file
from kgml.config import Config
from kgml.data.quality.finding import FINE, SERIOUS, WORTH_A_LOOK, Finding
from kgml.data.quality.look import look
from kgml.data.quality.table import LabelledTable, read_labelled_table
from kgml.data.stream import Source, documents
from kgml.errors import CorpusError, UsageError, one_of
from kgml.evaluation.metrics import scores
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import open_graph
from kgml.models.assess.costs import (
    encoding_seconds,
    fine_tuning_cost,
    light_cost,
    scratch_speed,
)
from kgml.models.assess.identity import identity_terms
from kgml.models.assess.labels import by_group, label_errors
from kgml.models.assess.measured import (
    MOST_HELD,
    Curve,
    Material,
    held_out,
    learning_curve_of,
    material,
    target_metric,
)
from kgml.models.assess.phrases import as_csv, as_turtle, missing_phrases
from kgml.models.assess.pilot import fine_tuned, pilot
from kgml.models.assess.relevance import BROKEN, contradictions, coverage, fragmentation
from kgml.models.assess.scale import count_text, plan
from kgml.models.assess.verdict import EMBEDDINGS, FINE_TUNE, SCRATCH, Measured, verdict
from kgml.models.evidence import Evidence, weigh
from kgml.models.learn import some_rows
from kgml.models.train import make_classifier
from kgml.progress import note

FEWEST = 8
"""Training rows with two in a class, without which nothing is measured."""
ENDINGS = {".csv": as_csv, ".ttl": as_turtle}
"""Of a patch."""


def assess(
    data: Path, *, graph: Path | None = None, target: str | None = None,
    budget_hours: float | None = None, corpus: Sequence[Path] = (), group_column: str | None = None,
    patch: Path | None = None, pilot_minutes: float | None = None, config: Config,
) -> dict[str, Any]:  # fmt: skip
    """Volume, quality, relevance and a verdict on a labelled table.

    Args:
        target: such as ``macro_f1=0.85``.
        corpus: text for a language model; the table's own where there is none.
        patch: .csv or .ttl, written with the phrases that the ontology lacks.
        pilot_minutes: for fine-tuning on a part of the rows, so that its score is told too.

    Returns:
        ``data, volume, quality, relevance, costs, language_model, verdict, findings, seconds``;
        ``relevance`` has only the encoder's part where there is no graph.

    Raises:
        KGMLError: what cannot be read or does not go together, before anything is computed.
    """
    started = time.perf_counter()
    metric, wanted = target_metric(target)
    _check(config, graph, patch)
    refused = _refused(config)
    if pilot_minutes is not None and refused is not None:
        raise refused
    options = config.train
    table = read_labelled_table(
        data, options.text_column, options.label_column, options.split_column
    )
    _check_group(data, table, group_column)
    given = _material(data, table, graph, config)
    note(f"{len(table):,} rows, {len(given.codes):,} of them to learn from; looking at the table")
    findings = look(table, config.seed)
    note("asking the light stack")
    curve = learning_curve_of(given, metric)
    held = held_out(given)
    errors, suspects = label_errors(held)
    findings.insert(0, errors)
    groups = None
    if group_column is not None:
        found, groups = by_group(held, group_column, table.others[group_column])
        findings.append(found)
    found, identity = identity_terms(given)
    findings.append(found)
    relevance, evidence = _relevance(given, graph, patch, findings)
    costs, language_model = _costs(given, curve, table, corpus, config, evidence, refused)
    shown, tried = curve.to_json(len(given.codes), wanted), None
    if pilot_minutes is not None:
        tried = _pilot(given, curve, config, pilot_minutes, costs, wanted)
    usual = max(given.labels, key=given.labels.count)
    measured = Measured(
        shown, scores(given.labels, [usual] * len(given.labels))[metric], len(given.codes),
        len(given.classes), findings, costs, language_model, evidence,
        relevance["fragmentation"]["tokens_a_word"] > BROKEN, budget_hours, tried,
        None if refused is None else str(refused),
    )  # fmt: skip
    return {
        "data": str(data), "graph": None if graph is None else str(graph),
        "volume": {**_volume(table, given), "tokens": relevance["fragmentation"]["tokens"], "curve": shown,
                   "pilot": tried},
        "quality": {
            "suspects": suspects, "groups": groups, "identity": identity, "weights": _weights(findings)
        },
        "relevance": relevance, "costs": costs, "language_model": language_model,
        "findings": [finding.to_json() for finding in findings], "verdict": verdict(measured),
        "seconds": round(time.perf_counter() - started, 3),
    }  # fmt: skip


def _check(config: Config, graph: Path | None, patch: Path | None) -> None:
    config.encoder.check()
    config.train.check()
    if config.train.kind != "single":
        raise UsageError(
            f"[train] target = {config.train.kind!r}: kgml assess looks at tables with one label a row."
        )
    if patch is not None and graph is None:
        raise UsageError("--patch is what an ontology lacks; name one with --graph.")
    if patch is not None and patch.suffix.lower() not in ENDINGS:
        raise UsageError(f"--patch {patch}: wanted a name that ends in {' or '.join(ENDINGS)}.")


def _refused(config: Config) -> UsageError | None:
    """Why these options do not let a pretrained model be fine-tuned; None where they do."""
    try:
        fine_tuned(config).check_options()
    except UsageError as refused:
        return refused
    return None


def _check_group(data: Path, table: LabelledTable, column: str | None) -> None:
    if column is not None and column not in table.others:
        known = one_of(table.others, column) if table.others else "the table has no further column."
        raise CorpusError(f"{data}: no column '{column}' to group by; {known} Use --group-column.")


def _material(data: Path, table: LabelledTable, graph: Path | None, config: Config) -> Material:
    """The training rows as numbers.

    Raises:
        CorpusError: too few of them.
    """
    rows = table.usable("train")
    counts = np.unique([table.labels[i] for i in rows], return_counts=True)[1]
    if len(rows) < FEWEST or (counts >= 2).sum() < 2:
        raise CorpusError(
            f"{data}: {len(rows)} training rows with a text and a label; wanted at least {FEWEST}, and two "
            "in each of two classes. Label more before anything can be measured."
        )
    if len(rows) > MOST_HELD:
        codes = np.unique([table.labels[i] for i in rows], return_inverse=True)[1]
        rows = rows[some_rows(codes, MOST_HELD, config.seed)]
        note(f"models are asked of {MOST_HELD:,} training rows that are drawn")
    loaded = KnowledgeGraph.empty() if graph is None else open_graph(graph, config.graph)
    model = make_classifier(loaded, config)
    model.check_options()
    labels = [table.labels[i] for i in rows]
    return material(model, [table.texts[i] for i in rows], labels, rows, config.seed)


def _volume(table: LabelledTable, given: Material) -> dict[str, Any]:
    classes = table.classes.most_common()
    label, count = classes[-1]
    parts = {name: table.parts.count(name) for name in sorted(set(table.parts))}
    return {
        "rows": len(table), "parts": parts, "learned_from": len(given.codes), "classes": len(classes),
        "smallest": {"label": label, "rows": count}, "per_class": dict(classes),
    }  # fmt: skip


def _relevance(
    given: Material, graph: Path | None, patch: Path | None, findings: list[Finding]
) -> tuple[dict[str, Any], Evidence | None]:
    """Of the encoder, and with a graph of the ontology; the evidence that it helps."""
    maker = given.model.featurizer()
    broken, finding = fragmentation(given.documents.texts, given.rows, maker.encoder)
    findings.append(finding)
    found: dict[str, Any] = {"fragmentation": broken, "ontology": None, "missing": []}
    if graph is None:
        return found, None
    note("asking the ontology")
    found["ontology"], finding = coverage(given, maker.graph)
    findings += [finding, contradictions(given)]
    phrases = missing_phrases(given, maker.graph)
    found["missing"] = [phrase.to_json() for phrase in phrases]
    if patch is not None:
        write_file(patch, ENDINGS[patch.suffix.lower()](phrases))
    recipe = given.model.recipe(len(given.codes) / len(given.classes))
    given.vectors.prepare(given.documents, fusion=recipe.fusion)
    return found, weigh(given.documents, given.codes, recipe, given.vectors, given.model.folds)


def _costs(
    given: Material,
    curve: Curve,
    table: LabelledTable,
    corpus: Sequence[Path],
    config: Config,
    evidence: Evidence | None,
    refused: UsageError | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the three ways, and what a language model of the text would be."""
    note("timing a few steps")
    encoder = given.model.base_encoder
    texts: Any = table.texts
    if corpus:
        texts = documents(Source(tuple(corpus), config.train.text_column))
    speed = scratch_speed(config.encoder.device)
    planned = plan(count_text(texts), speed["flops_a_second"])
    planned["from"] = [str(path) for path in corpus] or ["the table"]
    seconds = encoding_seconds(encoder, given.documents.texts, given.seed)
    largest = planned["largest"]
    trainings = 2 if evidence is not None and evidence.ship else 1
    return {
        EMBEDDINGS: light_cost(given, curve, seconds),
        FINE_TUNE: None if refused is not None else fine_tuning_cost(
            given, encoder, config.transformer, trainings=trainings
        ),
        SCRATCH: largest and {
            "minutes": largest["minutes_here"], "memory_mib": largest["memory_mib"], **speed
        },
    }, planned  # fmt: skip


def _pilot(
    given: Material, curve: Curve, config: Config, minutes: float, costs: dict[str, Any],
    wanted: float | None,
) -> dict[str, Any]:  # fmt: skip
    """Fine-tuning beside the light stack, and the curve that follows; or why there is none."""
    found = pilot(given, config, curve.metric, minutes, costs[FINE_TUNE])
    if isinstance(found, str):
        return {"left_out": found}
    return found.to_json() | {"curve": found.curve(curve).to_json(len(given.codes), wanted)}


def _weights(findings: Sequence[Finding]) -> dict[str, int]:
    return {
        weight: sum(f.weight == weight for f in findings)
        for weight in (SERIOUS, WORTH_A_LOOK, FINE)
    }
