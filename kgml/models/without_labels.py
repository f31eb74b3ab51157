"""What ``kgml train --classes`` calls: a graph and a table of classes become a saved model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from kgml.artifacts import check_target, sha256
from kgml.config import Config
from kgml.data.classes import read_classes
from kgml.data.corpus import read_part, read_unlabelled
from kgml.data.tables import is_lines, read_table
from kgml.kg.build import FOLDER
from kgml.models.classifier import KGTextClassifier
from kgml.models.store import KIND, save_model
from kgml.models.train import find_graph, make_classifier
from kgml.models.zero import check_able, fit_without_labels
from kgml.progress import note

DEFAULT = Config()


def train_without_labels(
    *,
    classes: Path,
    graph: Path | None = None,
    data: Path | None = None,
    output: Path | None = None,
    config: Config = DEFAULT,
    command: str = "",
) -> dict[str, Any]:
    """Make a model of what the classes are called and where the graph has them, save, report.

    Args:
        classes: a table as `kgml.data.classes.read_classes` takes it.
        data: texts without labels, a table or lines; of a table with a split its training rows.

    Returns:
        ``classes`` with their texts and entities, ``knowledge`` (used, and why), ``rows`` (texts, and those of them learned from),
        ``seconds, path, graph, data``.

    Raises:
        KGMLError: whatever cannot be used, with the reason; nothing is written then.
    """
    started = time.perf_counter()
    source, loaded = find_graph(graph, classes, config)
    path = output or FOLDER / f"{Path(source).stem}-{Path(classes).stem}.model"
    check_target(path, KIND)
    note(f"graph {source}, classes {classes}" + (f", texts {data}" if data else ""))
    model = make_classifier(loaded, config)
    check_able(model)
    described = read_classes(classes)
    texts = None if data is None else _texts(data, config)
    fit_without_labels(model, described, texts)
    made_from = {"classes": sha256(classes)} | ({"texts": sha256(data)} if data else {})
    learned = model.learned_from_
    save_model(
        model, path, command=command, config=config, made_from=made_from,
        summary={"without_labels": {"classes": len(described), "learned_from": learned}},
    )  # fmt: skip
    return {
        "classes": [
            {
                "label": one.label,
                "texts": list(one.texts),
                "entities": [loaded.ids[i] for i in own],
            }
            for one, own in zip(described, model.meanings_.entities, strict=True)
        ],
        "knowledge": {"used": bool(model.strength_), "sentence": _told(model)},
        "rows": {"texts": len(texts or ()), "learned_from": learned},
        "seconds": round(time.perf_counter() - started, 3),
        "path": str(path),
        "graph": str(source),
        "data": None if data is None else str(data),
    }


def _told(model: KGTextClassifier) -> str:
    """Why knowledge has a part in it, or has none."""
    if model.agreement_ is not None:
        return str(model.agreement_.sentence)
    if not model.strength_:
        return "The ontology has no part in it: no text is linked to it, or the fusion is none."
    return "The ontology is used; too few texts are linked to tell whether it helps."


def _texts(data: Path, config: Config) -> list[str]:
    """The training rows of a table that has a split, else all: test rows are not looked at."""
    options = config.train
    if not is_lines(data):
        split = options.split_column or "split"
        if options.split_column is not None or split in read_table(data):
            return read_part(data, options.text_column, "train", split)[1]
    return read_unlabelled(data, options.text_column)
