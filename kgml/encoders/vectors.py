"""Vectors of entities on disk: a folder that says which graph and encoder they are of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from kgml import artifacts
from kgml.encoders.node import NodeEncoder, entity_sentences
from kgml.encoders.rows import Floats
from kgml.encoders.text import TextEncoder
from kgml.errors import ArtifactError

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

KIND = "vectors"
TENSORS = "vectors.safetensors"
NAMES = "names.json"


@dataclass(frozen=True)
class Vectors:
    """What a saved folder holds.

    Attributes:
        vectors: (e, d) float32, rows of length 1 or 0; row = entity number.
        entities: names, one per row.
        relations: names; empty where the encoder knows none.
        tables: what the model scores with, such as ``entity`` (e, d) and ``relation`` (2r, w).
        made_from: fingerprints, by what they are of.
    """

    vectors: Floats
    entities: list[str]
    relations: list[str]
    tables: dict[str, Floats]
    made_from: Mapping[str, str]


def encode_entities(graph: KnowledgeGraph, encoder: NodeEncoder, text: TextEncoder) -> Floats:
    """Vectors (e, d_node) of every entity; ``text`` is asked only by encoders that use it."""
    if not encoder.uses_features:
        return encoder.encode(graph, np.zeros((len(graph), 0), dtype=np.float32))
    features = text.encode(entity_sentences(graph), description="Encoding entities")
    return encoder.encode(graph, features)


def save_vectors(
    path: Path,
    vectors: Floats,
    entities: Sequence[str],
    *,
    relations: Sequence[str] = (),
    tables: Mapping[str, Floats] | None = None,
    **manifest: Any,
) -> None:
    """Write a folder; ``manifest`` is what `kgml.artifacts.writing` takes.

    Raises:
        ArtifactError: ``path`` holds something else, or cannot be written.
    """
    names = {"entities": list(entities), "relations": list(relations)}
    arrays = {"vectors": vectors, **(tables or {})}
    with artifacts.writing(path, KIND, **manifest) as folder:
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, folder / TENSORS)
        (folder / NAMES).write_text(artifacts.to_json(names), encoding="utf-8")


def load_vectors(path: Path, graph: KnowledgeGraph | None = None) -> Vectors:
    """Read what `save_vectors` wrote.

    Args:
        graph: what the vectors must be of; None: of whatever.

    Raises:
        ArtifactError: missing, damaged, or of another graph.
    """
    path = Path(path)
    manifest = artifacts.read_manifest(path, KIND)
    if graph is not None and manifest.made_from.get("graph") != graph.fingerprint:
        raise ArtifactError(
            f"{path}: made from another graph (sha256 {manifest.made_from.get('graph')!s:.12}…, "
            f"wanted {graph.fingerprint:.12}…). Run kgml encode on this one."
        )
    try:
        arrays = load_file(path / TENSORS)
        names = json.loads((path / NAMES).read_text(encoding="utf-8"))
        vectors = arrays.pop("vectors")
        return Vectors(vectors, names["entities"], names["relations"], arrays, manifest.made_from)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise ArtifactError(f"{path}: damaged ({error}); make it again.") from None
