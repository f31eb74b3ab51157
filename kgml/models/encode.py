"""What ``kgml encode`` calls: vectors of a graph's entities, or of a link-prediction set."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from kgml.artifacts import check_target, sha256
from kgml.config import Config
from kgml.data.triples import leakage, read_splits, without_leakage
from kgml.encoders.gnn.base import GNNEncoder
from kgml.encoders.kge.base import KGEEncoder
from kgml.encoders.making import make_node_encoder
from kgml.encoders.node import NodeEncoder
from kgml.encoders.rows import Floats, unit_rows
from kgml.encoders.text import TextEncoder
from kgml.encoders.vectors import (
    KIND,
    encode_entities,
    entity_features,
    load_encoder,
    origins,
    save_vectors,
)
from kgml.errors import UsageError
from kgml.evaluation.ranking import measure_ranks
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import open_graph
from kgml.progress import note, warn
from kgml.registry import OPTIONS

DEFAULT = Config()
FOLDER = Path("artifacts")


def encode_graph(
    graph: Path,
    output: Path | None = None,
    *,
    config: Config = DEFAULT,
    checkpoint: Path | None = None,
    command: str = "",
) -> dict[str, Any]:
    """Encode the entities of a graph, saved or not, and save their vectors.

    Args:
        output: the folder; None means ``artifacts/<graph>-<node encoder>.vectors``.
        checkpoint: a folder where training is saved, and gone on with.

    Returns:
        ``entities, dimension, zero`` (rows without a vector), ``history``, ``sha256`` (of the
        graph), ``seconds, path, node_encoder, seed``; ``objective, valid_auc`` of a graph neural
        encoder.

    Raises:
        KGMLError: whatever cannot be used; nothing is written then.
    """
    started = time.perf_counter()
    name = config.encoder.node_encoder
    encoder = make_encoder(config, checkpoint)
    path = output or FOLDER / f"{Path(graph).stem}-{name}.vectors"
    check_target(path, KIND)
    loaded, text = open_graph(graph, config.graph), TextEncoder.of(config.encoder)
    vectors = encode_entities(loaded, encoder, text)
    result = _save(
        path, vectors, loaded, name, encoder, config, command, origins(loaded, encoder, text)
    )
    return {**result, "seconds": round(time.perf_counter() - started, 3)}


def apply_encoder(
    graph: Path,
    source: Path,
    output: Path | None = None,
    *,
    config: Config = DEFAULT,
    command: str = "",
) -> dict[str, Any]:
    """Encode the entities of a graph with the node encoder of earlier vectors, untrained.

    Args:
        source: the folder of these; it may be ``output``, which is replaced.
        config: whose text encoder must be that of then.

    Returns:
        What `encode_graph` gives, of ``graph``; ``history`` is that of then.

    Raises:
        KGMLError: whatever cannot be used; nothing is written then.
    """
    started = time.perf_counter()
    trained, text = load_encoder(source), TextEncoder.of(config.encoder)
    name, encoder = trained.name, trained.encoder
    path = output or FOLDER / f"{Path(graph).stem}-{name}.vectors"
    check_target(path, KIND)
    trained.check_text(text)
    loaded = open_graph(graph, config.graph)
    vectors = encoder.transform(loaded, entity_features(loaded, encoder, text))
    objective = getattr(encoder, "objective", None)
    config = config.override("encoder", node_encoder=name, objective=objective)
    made_from = origins(loaded, encoder, text) | {"vectors": trained.manifest.fingerprint}
    result = _save(
        path, vectors, loaded, name, encoder, replace(config, seed=encoder.seed), command, made_from
    )
    return {
        **result, "from": str(source), "seconds": round(time.perf_counter() - started, 3),
    }  # fmt: skip


def _save(
    path: Path,
    vectors: Floats,
    graph: KnowledgeGraph,
    name: str,
    encoder: NodeEncoder,
    config: Config,
    command: str,
    made_from: dict[str, str],
) -> dict[str, Any]:
    save_vectors(
        path, vectors, graph.ids, name, encoder, made_from=made_from, seed=config.seed,
        config=config.to_dict(), command=command, summary=_options(encoder),
    )  # fmt: skip
    return {
        "node_encoder": name, "seed": config.seed, "entities": len(graph),
        "dimension": vectors.shape[1], "zero": int((~vectors.any(axis=1)).sum()),
        "history": getattr(encoder, "history_", []), "sha256": graph.fingerprint,
        **_learned(encoder), "path": str(path),
    }  # fmt: skip


def predict_links(
    train: Path,
    valid: Path,
    test: Path,
    *,
    output: Path | None = None,
    config: Config = DEFAULT,
    checkpoint: Path | None = None,
    remove_leakage: bool = False,
    command: str = "",
) -> dict[str, Any]:
    """Train embeddings on a link-prediction set, rank its test triples, and save if asked to.

    Returns:
        What `measure_ranks` gives, with ``leakage`` (`kgml.data.triples.leakage`), counts of
        ``triples``, ``entities, relations, valid_mrr, epochs, seconds, node_encoder, seed``.

    Raises:
        UsageError: the node encoder needs texts, and triples have none.
        KGMLError: whatever cannot be used; nothing is written then.
    """
    started = time.perf_counter()
    name = config.encoder.node_encoder
    encoder = make_encoder(config, checkpoint)
    if not isinstance(encoder, KGEEncoder):
        raise UsageError(
            f"--triples and --node-encoder {name} exclude each other: '{name}' learns from texts "
            f"and the names in a file of triples may be none; use {_trained_on_triples()}, or "
            "kgml build-graph and kgml encode GRAPH."
        )
    if output is not None:
        check_target(output, KIND)
    splits = read_splits(train, valid, test)
    leaks = leakage(splits)
    if remove_leakage and any(leaks.values()):
        splits = without_leakage(splits)
    elif any(leaks.values()):
        note(f"{leaks['duplicate'] + leaks['inverse']:,} training triples and {leaks['seen']:,} "
             "test triples leak; --remove-leakage takes them out of training")  # fmt: skip
    if any(splits.unknown.values()):
        warn(f"{splits.unknown['valid']:,} valid and {splits.unknown['test']:,} test triples name "
             "an entity or relation that is not in training, and are left out")  # fmt: skip
    encoder.name(splits.entities, splits.relations).fit_triples(
        splits.train, splits.valid, entities=len(splits.entities), relations=len(splits.relations)
    )
    scores = measure_ranks(encoder.ranks(splits.test, splits.known), config.seed)
    if output is not None:
        whole = hashlib.sha256("".join(map(sha256, (train, valid, test))).encode()).hexdigest()
        save_vectors(
            output, unit_rows(encoder.entity_), splits.entities, name, encoder, made_from={"triples": whole}, seed=config.seed,
            config=config.to_dict(), command=command,
            summary={**_options(encoder), "test": scores},
        )  # fmt: skip
    return {
        **scores, "node_encoder": name, "seed": config.seed,
        "leakage": {**leaks, "removed": splits.removed},
        "triples": {
            "train": len(splits.train), "valid": len(splits.valid), "test": len(splits.test),
            "duplicates": splits.duplicates, "unknown": splits.unknown,
        },
        "entities": len(splits.entities), "relations": len(splits.relations),
        "valid_mrr": encoder.valid_mrr_, "epochs": len(encoder.history_),
        "training": _options(encoder)["training"],
        "seconds": round(time.perf_counter() - started, 3),
        "path": None if output is None else str(output),
    }  # fmt: skip


def make_encoder(config: Config, checkpoint: Path | None) -> NodeEncoder:
    """The node encoder that ``config`` names.

    Raises:
        UsageError: no such name, or an option that this one does not take.
    """
    return make_node_encoder(
        config.encoder.node_encoder, seed=config.seed, objective=config.encoder.objective,
        training=config.node_training, checkpoint=checkpoint,
    )  # fmt: skip


def _trained_on_triples() -> str:
    found = [n for n, where in OPTIONS["node_encoder"].items() if ".kge." in where]
    return f"{', '.join(sorted(found)[:-1])} or {max(found)}"


def _options(encoder: NodeEncoder) -> dict[str, Any]:
    if isinstance(encoder, KGEEncoder):
        learned = {"valid_mrr": encoder.valid_mrr_}
    elif isinstance(encoder, GNNEncoder):
        learned = _learned(encoder)
    else:
        return {}
    return {
        "training": asdict(encoder.training or encoder.defaults), **learned,
        "epochs": len(encoder.history_),
    }  # fmt: skip


def _learned(encoder: NodeEncoder) -> dict[str, Any]:
    if not isinstance(encoder, GNNEncoder):
        return {}
    return {"objective": encoder.objective, "valid_auc": encoder.valid_auc_}
