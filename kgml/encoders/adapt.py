"""``kgml adapt``: tune the text encoder on a graph's own words, without labelled documents."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kgml.artifacts import check_target, sha256, writing
from kgml.config import Config
from kgml.encoders.checkpoint import Checkpoint
from kgml.encoders.find import PACKAGED
from kgml.encoders.rows import Floats
from kgml.encoders.text import TextEncoder
from kgml.encoders.tuning.alone import alone
from kgml.encoders.tuning.card import base_licence, card
from kgml.encoders.tuning.held_out import HeldOut, hold_out, places, scores_of
from kgml.encoders.tuning.pairs import KINDS, WEIGHTS, PairStream
from kgml.encoders.tuning.run import Run
from kgml.encoders.tuning.trainee import load_weights, write_model
from kgml.encoders.tuning.tuner import Tuner
from kgml.encoders.tuning.unfinished import Unfinished
from kgml.kg.vocabulary import Note
from kgml.progress import warn

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

KIND = "encoder"
COMPARED = 100
"""General texts whose vectors are compared with the original's at the end."""
EXAMPLES = 5


def adapt(
    graph: KnowledgeGraph,
    output: Path,
    *,
    texts: Sequence[str] | None = None,
    minutes: float | None = None,
    config: Config | None = None,
    command: str = "",
) -> dict[str, Any]:
    """Tune ``config.encoder.model`` and write a sentence-transformers folder to ``output``.

    The weights that find most held-out synonyms (mean reciprocal rank) are kept. A run that was
    stopped goes on from ``<output>.unfinished`` when it is called again, and ends with the bytes of
    one that was not.

    Args:
        texts: general texts whose vectors are to stay near the original's; None for the graph's
            definitions and comments.
        minutes: how long, about: the number of steps is chosen once, by timing a few, and from
            there the run is the one with that ``config.adapt.steps``, which is not looked at.

    Returns:
        ``path, fingerprint, base, graph, general, pairs, steps, held_out, config, seed, seconds``.

    Raises:
        InputError: too few synonyms, or nothing got better; nothing is written then.
        UsageError: an unfinished run with other options is in the way.
        ArtifactError: the encoder cannot be used, ``output`` not be written, or another process is
            writing it.
    """
    check_target(output, KIND)
    with alone(output):
        return _adapt(graph, output, texts, minutes, config or Config(), command)


def _adapt(
    graph: KnowledgeGraph, output: Path, texts: Sequence[str] | None, minutes: float | None,
    config: Config, command: str,
) -> dict[str, Any]:  # fmt: skip
    started = time.perf_counter()
    held = hold_out(graph, config.seed)
    pairs = PairStream(graph, held.rows, config.seed)
    encoder = TextEncoder(config.encoder.model, cache=False, device=config.encoder.device)
    general = list(dict.fromkeys(graph_texts(graph) if texts is None else texts))
    if not general:
        warn(
            "no general texts: the graph has no definitions; the encoder may forget other language"
        )
    unfinished = Unfinished(output, _key(graph, encoder.checkpoint, general, minutes, config))
    progress = unfinished.read()
    tuner = Tuner(encoder.load(), encoder.load(), pairs, general, config.adapt, seed=config.seed)
    run = Run(tuner, held, unfinished)
    if progress is None:
        run.begin(minutes)
    else:
        run.resume(progress)
    run.train()
    best = run.best_weights()
    load_weights(tuner.model, best)
    done = run.progress
    summary = {
        "base": _base(config.encoder.model, encoder.checkpoint),
        "graph": {"fingerprint": graph.fingerprint, "entities": len(graph),
                  "ontologies": graph.ontologies},
        "general": {"texts": len(general), "source": "of the graph" if texts is None else "given",
                    "cosine": _kept(tuner, general)},
        "pairs": {n: {"pairs": pairs.counts[n], "weight": w}
                  for n, w in zip(KINDS, WEIGHTS, strict=True)},
        "steps": {"planned": done.steps, "done": done.step, "best": done.best},
        "config": {**asdict(config.adapt), "steps": done.steps},
        "seed": config.seed,
    }  # fmt: skip
    summary["held_out"], examples = _held_out(tuner, held)
    with writing(
        output, KIND, seed=config.seed, config=config.to_dict(), command=command,
        made_from={"graph": graph.fingerprint, "base": encoder.checkpoint.fingerprint},
        summary={**summary, "checks": done.checks},
    ) as folder:  # fmt: skip
        load_weights(tuner.frozen, best)
        write_model(folder, tuner.frozen, card(summary, examples))
    unfinished.remove()
    return {
        **summary, "path": str(output), "fingerprint": TextEncoder(str(output)).fingerprint,
        "seconds": round(time.perf_counter() - started, 2),
    }  # fmt: skip


def graph_texts(graph: KnowledgeGraph) -> list[str]:
    """Definitions and comments."""
    notes = graph.notes
    comments = [notes.text[row] for row in np.flatnonzero(notes.kind == Note.COMMENT)]
    return [text for text in graph.definitions if text] + comments


def _key(
    graph: KnowledgeGraph, base: Checkpoint, general: Sequence[str], minutes: float | None,
    config: Config,
) -> dict[str, Any]:  # fmt: skip
    digest = hashlib.sha256()
    for text in general:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return {
        "graph": graph.fingerprint, "encoder": base.fingerprint, "texts": digest.hexdigest(),
        "minutes": minutes, "seed": config.seed, **asdict(config.adapt),
    }  # fmt: skip


def _base(model: str, checkpoint: Checkpoint) -> dict[str, Any]:
    folder = checkpoint.folder
    return {
        "name": model if model in PACKAGED else Path(model).name,
        "fingerprint": checkpoint.fingerprint,
        "weights": {f.relative_to(folder).as_posix(): sha256(f)
                    for f in sorted(folder.rglob("*.safetensors"))},
        "licence": base_licence(folder),
    }  # fmt: skip


def _kept(tuner: Tuner, general: Sequence[str]) -> float | None:
    """Mean cosine of tuned and original vectors of some general texts."""
    if not general:
        return None
    some = [
        general[i] for i in np.linspace(0, len(general) - 1, min(COMPARED, len(general)), dtype=int)
    ]
    cosines = np.einsum("ij,ij->i", tuner.encode(some), tuner.encode_frozen(some))
    return round(float(cosines.mean()), 4)


def _held_out(
    tuner: Tuner, held: HeldOut
) -> tuple[dict[str, Any], list[tuple[str, str, int, int]]]:
    """Scores of both parts before and after, and the first names whose place changed."""
    parts = {"valid": held.valid, "test": held.test}
    before, after = (
        places(encode, held, list(parts.values())) for encode in (tuner.encode_frozen, tuner.encode)
    )
    found: dict[str, Any] = {"labels": len(held.labels)}
    for number, (name, part) in enumerate(parts.items()):
        found[name] = {"names": len(part.texts), "before": scores_of(before[number]),
                       "after": scores_of(after[number])}  # fmt: skip
    moved = np.flatnonzero(before[1] != after[1])[:EXAMPLES]
    return found, [_example(held, before[1], after[1], row) for row in moved.tolist()]


def _example(held: HeldOut, before: Floats, after: Floats, row: int) -> tuple[str, str, int, int]:
    label = held.labels[held.test.gold[row]]
    return held.test.texts[row], label, int(before[row]), int(after[row])
