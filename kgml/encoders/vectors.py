"""Vectors of entities on disk: a folder that says which graph, texts and encoder they are of, and
holds the encoder, so that another graph's entities can have vectors of the same space."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from kgml import artifacts
from kgml.artifacts import Manifest
from kgml.encoders.node import NodeEncoder, NodeState, entity_sentences
from kgml.encoders.rows import Floats
from kgml.encoders.text import TextEncoder
from kgml.errors import ArtifactError
from kgml.registry import resolve

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

KIND = "vectors"
TENSORS = "vectors.safetensors"
NAMES = "names.json"
ENCODER = "encoder.json"
WEIGHTS = "encoder.safetensors"


@dataclass(frozen=True)
class Vectors:
    """What a saved folder holds, but for the encoder.

    Attributes:
        vectors: (e, d) float32, rows of length 1 or 0; row = entity number.
        entities: names, one per row.
        node_encoder: its name in the registry. objective: what it was trained for, where it has one.
        made_from: fingerprints, by what they are of: ``graph``, and ``encoder`` of the texts.
    """

    vectors: Floats
    entities: list[str]
    node_encoder: str
    objective: str | None
    made_from: Mapping[str, str]


@dataclass(frozen=True)
class Trained:
    """The encoder of a saved folder.

    Attributes:
        name: in the registry.
        path: the folder. manifest: its own.
    """

    name: str
    encoder: NodeEncoder
    path: Path
    manifest: Manifest

    def check_text(self, text: TextEncoder) -> None:
        """Raise `ArtifactError` where texts were encoded by another than ``text`` in training."""
        if not self.encoder.uses_features:
            return
        wanted, found = self.manifest.made_from.get("encoder"), text.fingerprint
        if found != wanted:
            raise ArtifactError(
                f"{self.path}: was made with another text encoder than '{text.model}' is here "
                f"({wanted!s:.12}…, found {found:.12}…). Name that one: --encoder, --precision, "
                "--long-texts."
            )


def entity_features(
    graph: KnowledgeGraph, encoder: NodeEncoder, text: TextEncoder
) -> NDArray[np.float32]:
    """What ``encoder`` is given: (e, d_text), or (e, 0) where texts have no part in it."""
    if not encoder.uses_features:
        return np.zeros((len(graph), 0), dtype=np.float32)
    return text.encode(entity_sentences(graph), description="Encoding entities")


def encode_entities(graph: KnowledgeGraph, encoder: NodeEncoder, text: TextEncoder) -> Floats:
    """Vectors (e, d_node) of every entity; ``text`` is asked only by encoders that use it."""
    return encoder.encode(graph, entity_features(graph, encoder, text))


def origins(graph: KnowledgeGraph, encoder: NodeEncoder, text: TextEncoder) -> dict[str, str]:
    """Fingerprints of what vectors are made from."""
    of_texts = {"encoder": text.fingerprint} if encoder.uses_features else {}
    return {"graph": graph.fingerprint, **of_texts}


def save_vectors(
    path: Path,
    vectors: Floats,
    entities: Sequence[str],
    name: str,
    encoder: NodeEncoder,
    *,
    summary: Mapping[str, Any] | None = None,
    **manifest: Any,
) -> None:
    """Write a folder.

    Args:
        name: of ``encoder``, in the registry.
        encoder: fitted; it is saved beside the vectors.
        summary, manifest: what `kgml.artifacts.writing` takes.

    Raises:
        ArtifactError: ``path`` holds something else, or cannot be written.
    """
    state = encoder.state()
    described = {"node_encoder": name, "options": state.options, "learned": state.learned}
    said = {"node_encoder": name, **(summary or {})}
    with artifacts.writing(path, KIND, summary=said, **manifest) as folder:
        for file, arrays in ((TENSORS, {"vectors": vectors}), (WEIGHTS, state.arrays)):
            save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, folder / file)
        for file, table in ((NAMES, {"entities": list(entities)}), (ENCODER, described)):
            (folder / file).write_text(artifacts.to_json(table), encoding="utf-8")


def load_vectors(path: Path, graph: KnowledgeGraph | None = None) -> Vectors:
    """Read the vectors that `save_vectors` wrote.

    Args:
        graph: what the vectors must be of; None: of whatever.

    Raises:
        ArtifactError: missing, damaged, or of another graph.
    """
    path = Path(path)
    manifest = artifacts.read_manifest(path, KIND)
    if graph is not None and manifest.made_from.get("graph") != graph.fingerprint:
        other = manifest.made_from.get("graph")
        found = (
            f"another graph (sha256 {other:.12}…, wanted" if other else "no graph (wanted sha256"
        )
        raise ArtifactError(
            f"{path}: made from {found} {graph.fingerprint:.12}…). Run kgml encode on this one."
        )
    try:
        vectors = load_file(path / TENSORS)["vectors"]
        entities = _read(path / NAMES)["entities"]
        described = _read(path / ENCODER)
        name, objective = described["node_encoder"], described["options"].get("objective")
        if len(vectors) != len(entities) or (graph is not None and len(graph) != len(entities)):
            raise ValueError(f"{len(vectors)} vectors of {len(entities)} entities")
        return Vectors(vectors, entities, name, objective, manifest.made_from)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path}: damaged ({error}); make it again.") from None


def load_encoder(path: Path) -> Trained:
    """Read the encoder that `save_vectors` wrote: its `transform` takes any graph.

    Raises:
        ArtifactError: missing or damaged.
        UsageError: its name is of a package that is not installed.
    """
    path = Path(path)
    manifest = artifacts.read_manifest(path, KIND)
    try:
        described = _read(path / ENCODER)
        name = described["node_encoder"]
        state = NodeState(described["options"], described["learned"], load_file(path / WEIGHTS))
        return Trained(name, resolve("node_encoder", name).from_state(state), path, manifest)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ArtifactError(f"{path}: damaged ({error!r}); make it again.") from None


def _read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8")))
