"""The folder of a saved model: safetensors, JSON and Arrow, nothing pickled.

``model.json`` options, classes, vocabulary · ``arrays.safetensors`` idf, columns, head, graph
vectors · ``fusion.safetensors`` · ``graph/`` a copy of the graph artifact, so that the folder can
be moved · ``encoder/`` the text encoder, where it was tuned on the labels. Files hold no times and
no addresses: the same fit gives the same bytes.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
import safetensors.torch
from numpy.typing import NDArray

from kgml.artifacts import read_manifest, to_json, writing
from kgml.config import (
    Config,
    FewShotConfig,
    LinkingConfig,
    NodeTrainingConfig,
    TransformerConfig,
)
from kgml.encoders.text import TextEncoder
from kgml.errors import ArtifactError
from kgml.kg.graph import KnowledgeGraph
from kgml.models.assembly import Assembly
from kgml.models.backoff import Backoff, class_entities
from kgml.models.classifier import KGTextClassifier
from kgml.models.concepts import ConceptView
from kgml.models.fewshot.beside import Beside
from kgml.models.fewshot.tuning import reader
from kgml.models.finetuned.checks import NAME as TRANSFORMER
from kgml.models.lexical import LexicalView
from kgml.registry import resolve

KIND = "model"
ENCODER = "encoder"
FILES = {"model.json", "arrays.safetensors", "fusion.safetensors"}
LATER = {
    "lead": True,
    "regularization": None,
    "class_weight": None,
    "target": "single",
    "order": (),
}
"""Options that models of before did not have: written only where they say something else."""
OPTIONS = ("fusion", "node_encoder", "objective", "head", "encoder", "precision", "long_texts",
           "lexical", "knowledge", "folds",
           "random_state")  # fmt: skip


def save_model(
    model: KGTextClassifier,
    path: Path,
    *,
    command: str = "",
    config: Config | None = None,
    made_from: dict[str, str] | None = None,
    summary: dict[str, Any] | None = None,
) -> None:
    """Write a fitted model to ``path``, replacing a model that is there."""
    stack, maker = model.assembly_, model.featurizer()
    origins = {"graph": maker.graph.fingerprint, "encoder": maker.encoder.fingerprint}
    if _reads_entities_with_base(model):
        origins["entities"] = model.vectors_.encoder.fingerprint
    with writing(
        path, KIND, made_from={**origins, **(made_from or {})}, seed=model.random_state,
        config=config.to_dict() if config else {}, command=command, summary=summary or {},
    ) as folder:  # fmt: skip
        arrays = _view_arrays("view", stack.view_)
        if stack.lead_ is not None:
            arrays |= _view_arrays("lead", stack.lead_)
        if stack.lexical_ is not None:
            arrays["lexical.idf"] = stack.lexical_.idf_
        arrays |= {f"head.{name}": value for name, value in stack.head_.arrays().items()}
        if model.backoff_ is not None:
            arrays["backoff.scores"] = model.backoff_.scores
        if model.vectors_.values_ is not None:
            arrays["entities"] = model.vectors_.values_
        described = {
            "options": _options(model),
            "linking": asdict(model.linking),
            "node_training": asdict(model.node_training),
            "classes": model.classes_.tolist(),
            "head": model.recipe_.head,
            "temperature": stack.head_.temperature,
            "strength": model.strength_,
            "terms": stack.lexical_.terms_ if stack.lexical_ else None,
            "words_count": stack.lexical_.scale_ if stack.lexical_ else 1.0,
            "has_graph": model.graph is not None,
        }
        if model.target != "single":
            described["target"] = model.target_.state()
        if model.tuned_ is not None:
            fine = model.head == TRANSFORMER
            described |= {"transformer": asdict(model.transformer)} if fine else {
                "tune": asdict(model.few_shot)
            }  # fmt: skip
            shutil.copytree(model.tuned_.checkpoint.folder, folder / ENCODER)
        (folder / "model.json").write_text(to_json(described), encoding="utf-8")
        (folder / "arrays.safetensors").write_bytes(safetensors.numpy.save(_contiguous(arrays)))
        tensors = {name: t.contiguous() for name, t in stack.fusion_.state_dict().items()}
        (folder / "fusion.safetensors").write_bytes(safetensors.torch.save(tensors))
        if model.graph is not None:
            model.graph.save(folder / "graph")


def load_model(path: Path) -> KGTextClassifier:
    """Read a model; every file is checked against the manifest first.

    Raises:
        ArtifactError: missing, damaged or not a model; or this machine's text encoder is not the
            one the model was trained with.
    """
    manifest = read_manifest(path, KIND)
    unsealed = FILES - set(manifest.files)
    if unsealed:
        raise ArtifactError(f"{path}: its manifest does not list {', '.join(sorted(unsealed))}.")
    try:
        described = json.loads((path / "model.json").read_text(encoding="utf-8"))
        arrays = safetensors.numpy.load((path / "arrays.safetensors").read_bytes())
        tensors = safetensors.torch.load((path / "fusion.safetensors").read_bytes())
        graph = (
            KnowledgeGraph.load(path / "graph", verify=False) if described["has_graph"] else None
        )
        model = KGTextClassifier(
            graph, linking=LinkingConfig(**described["linking"]),
            node_training=_node_training(described["node_training"]), **described["options"],
        )  # fmt: skip
        if "tune" in described:
            model.tune = FewShotConfig(**described["tune"])
        if "transformer" in described:
            model.transformer = TransformerConfig(**described["transformer"])
        if {"tune", "transformer"} & described.keys():
            base = TextEncoder.of(model.encoder_options)
            tuned = reader(base, path / ENCODER)
            model.tuned_ = tuned if "transformer" in described else Beside(base, tuned)
        _check_encoder(path, model, model.featurizer().encoder, manifest.made_from["encoder"])
        restored = _restore(model, described, arrays, tensors)
        if _reads_entities_with_base(restored):
            made = manifest.made_from["entities"]
            _check_encoder(path, model, restored.vectors_.encoder, made)
        return restored
    except (
        KeyError,
        TypeError,
        ValueError,
        OSError,
        RuntimeError,
        safetensors.SafetensorError,
    ) as error:
        raise ArtifactError(f"{path}: not a model this kgml can read ({error!r}).") from error


def _check_encoder(path: Path, model: KGTextClassifier, here: TextEncoder, then: str) -> None:
    if here.fingerprint != then:
        raise ArtifactError(
            f"{path}: was trained with another text encoder than '{model.encoder}' is here "
            f"({then[:12]}…, found {here.fingerprint[:12]}…). Train it again."
        )


def _reads_entities_with_base(model: KGTextClassifier) -> bool:
    """Whether vectors of entities are another encoder's than those of texts, and are used."""
    return model.head == TRANSFORMER and model.strength_ > 0


def _node_training(table: dict[str, Any]) -> NodeTrainingConfig:
    pair = table["fan_out"]  # a list in JSON
    return NodeTrainingConfig(**{**table, "fan_out": None if pair is None else tuple(pair)})


def _restore(
    model: KGTextClassifier,
    described: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
    tensors: dict[str, Any],
) -> KGTextClassifier:
    model.target_ = model.make_target().restore(described.get("target", {}), described["classes"])
    model.classes_ = model.target_.classes_
    model.strength_ = described["strength"]
    model.vectors_ = model.entity_vectors(arrays.get("entities"))
    model.recipe_ = replace(model.recipe(0), head=described["head"])
    classes = max(len(model.classes_), 1)
    stack = Assembly(model.recipe_, model.vectors_, classes, model.target_)
    if described["terms"] is not None:
        stack.lexical_ = LexicalView()
        stack.lexical_.terms_, stack.lexical_.idf_ = described["terms"], arrays["lexical.idf"]
        stack.lexical_.scale_ = described.get("words_count", 1.0)
    stack.view_ = _view("view", arrays)
    if "lead.columns" in arrays:
        stack.lead_ = _view("lead", arrays)
    stack.fusion_ = resolve("fusion", model.fusion)(
        model.vectors_.encoder.dimension, model.vectors_.d_node
    )
    stack.fusion_.load_state_dict(tensors)
    stack.fusion_.requires_grad_(False)
    head = model.recipe_.make_head()
    named = {k.removeprefix("head."): v for k, v in arrays.items() if k.startswith("head.")}
    columns = model.target_.columns(classes)
    stack.head_ = head.restore(named, columns, described["temperature"])
    _check_sizes(stack, described["temperature"])
    model.assembly_ = stack
    model.backoff_ = None
    if "backoff.scores" in arrays:
        entities = class_entities(model.graph, model.classes_)
        if entities is None or model.graph is None:
            raise ValueError("back-off between labels that are no entities of its graph")
        model.backoff_ = Backoff(model.graph, entities, arrays["backoff.scores"])
    return model


def _check_sizes(stack: Assembly, temperature: float) -> None:
    """Raise ValueError where parts of a model do not fit together."""
    stack.head_.check(len(stack.of_columns()))
    lexical, views = stack.lexical_, [view for view in (stack.view_, stack.lead_) if view]
    fits = (
        lexical is None or len(lexical.idf_) == len(lexical.terms_),
        *(len(view.columns_) == len(view.idf_) == len(view.block_) for view in views),
        temperature > 0,
        lexical is None or lexical.scale_ > 0,
    )
    if not all(fits):
        raise ValueError("its parts differ in size")


def _view_arrays(name: str, view: ConceptView) -> dict[str, NDArray[Any]]:
    return {
        f"{name}.columns": view.columns_, f"{name}.idf": view.idf_, f"{name}.block": view.block_
    }  # fmt: skip


def _view(name: str, arrays: dict[str, NDArray[Any]]) -> ConceptView:
    made = ConceptView()
    made.columns_, made.idf_, made.block_ = (
        arrays[f"{name}.{part}"] for part in ("columns", "idf", "block")
    )
    return made


def _options(model: KGTextClassifier) -> dict[str, Any]:
    order = tuple(np.asarray(model.order).tolist())
    later = {name: getattr(model, name) for name in LATER} | {"order": order}
    changed = {name: value for name, value in later.items() if value != LATER[name]}
    made_by = {"node_encoder": model.vectors_.node_encoder, "objective": model.vectors_.objective}
    # of saved vectors, what made them
    return {name: getattr(model, name) for name in OPTIONS} | made_by | changed


def _contiguous(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name: np.ascontiguousarray(value) for name, value in arrays.items()}
