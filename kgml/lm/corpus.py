"""Files and graphs become rows of tokens and a tokenizer: read, compared, split, encoded, on disk."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kgml import artifacts
from kgml.config import PretrainConfig
from kgml.data.stream import Source, documents, files_of
from kgml.errors import ArtifactError, CorpusError
from kgml.lm.packed import Mixture, Packed, write_tokens
from kgml.lm.sizes import Shape
from kgml.lm.spool import Spool
from kgml.lm.tokenizer import FILE, Tokenizer
from kgml.lm.verbalise import verbalise
from kgml.progress import note, track

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

KIND = "tokens"
TRAIN, VALID, KNOWLEDGE = "train.bin", "valid.bin", "knowledge.bin"
WAIT = 0.5
"""Seconds between two looks whether another process has prepared the corpus."""
PREPARED = (
    "text_column", "split", "split_column", "unit", "near", "valid", "objective",
)  # fmt: skip
"""Options that the tokens depend on, beside the vocabulary."""


@dataclass(frozen=True)
class Prepared:
    """A folder of tokens, its tokenizer and what is in it: ``counts`` as `_counts` has them."""

    folder: Path
    tokenizer: Tokenizer
    counts: dict[str, Any]
    fingerprint: str

    def mixture(self, shape: Shape, options: PretrainConfig, seed: int) -> Mixture:
        """The windows to train on.

        Raises:
            CorpusError: fewer tokens than one window.
        """
        knowledge = None
        share = options.knowledge_share if self.counts["knowledge"]["tokens"] else 0.0
        if share:
            knowledge = self._packed(KNOWLEDGE, shape, "the ontology", "")
        return Mixture(self._packed(TRAIN, shape, "the corpus", ""), knowledge, share, seed)

    def held_out(self, shape: Shape) -> Packed:
        """The windows to validate on.

        Raises:
            CorpusError: fewer tokens than one window.
        """
        return self._packed(VALID, shape, "the validation part", " or a larger --valid")

    def _packed(self, name: str, shape: Shape, what: str, more: str) -> Packed:
        causal = self.tokenizer.objective == "causal"
        size = shape.context + 1 if causal else shape.context - 2  # [CLS] and [SEP] come around it
        packed = Packed(
            self.folder / name, len(self.tokenizer), size, shape.context if causal else size
        )
        if not len(packed):
            raise CorpusError(
                f"{what} has {len(packed.tokens):,} tokens, fewer than one context of "
                f"{shape.context:,}. Give more text{more}, or a smaller --context."
            )
        return packed


def prepare(
    paths: Sequence[Path], graphs: Sequence[KnowledgeGraph], options: PretrainConfig,
    vocabulary: int, folder: Path, *, seed: int = 0, leads: bool = True,
) -> Prepared:  # fmt: skip
    """Make the tokens in ``folder``, or take what is there if it is of the same files and options.

    Args:
        leads: whether this process makes them; others wait for it.

    Raises:
        CorpusError: what `documents` refuses, fewer than two documents that differ, no text.
    """
    config = _key(paths, graphs, options, vocabulary, seed)
    while _there(folder, config) is None:
        if leads:
            _make(paths, graphs, options, vocabulary, folder, config, seed)
        else:
            time.sleep(WAIT)
    return open_prepared(folder)


def open_prepared(folder: Path) -> Prepared:
    """What `prepare` made.

    Raises:
        ArtifactError: no tokens there.
    """
    found = artifacts.read_manifest(folder, KIND, verify=False)
    tokenizer = Tokenizer.load(folder / FILE, str(found.config["objective"]))
    return Prepared(folder, tokenizer, dict(found.summary), found.fingerprint)


def source_of(paths: Sequence[Path], options: PretrainConfig) -> Source:
    """Where documents come from."""
    return Source(
        tuple(paths), options.text_column, options.split, options.split_column, options.unit
    )


def _key(
    paths: Sequence[Path], graphs: Sequence[KnowledgeGraph], options: PretrainConfig,
    vocabulary: int, seed: int,
) -> dict[str, Any]:  # fmt: skip
    digest = hashlib.sha256()
    for file in files_of(paths):
        digest.update(artifacts.sha256(file).encode())
    given = asdict(options)
    return {
        "files": digest.hexdigest(), "graphs": [graph.fingerprint for graph in graphs],
        "vocabulary": vocabulary, "seed": seed, **{name: given[name] for name in PREPARED},
    }  # fmt: skip


def _there(folder: Path, config: dict[str, Any]) -> artifacts.Manifest | None:
    """The manifest of what is in ``folder`` if it is what ``config`` says, whole and unchanged."""
    try:
        found = artifacts.read_manifest(folder, KIND)
    except ArtifactError:
        return None
    return found if dict(found.config) == config else None


def _make(
    paths: Sequence[Path], graphs: Sequence[KnowledgeGraph], options: PretrainConfig,
    vocabulary: int, folder: Path, config: dict[str, Any], seed: int,
) -> None:  # fmt: skip
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".spool.", dir=folder.parent) as box:
        source = track(documents(source_of(paths, options)), "Reading")
        spool = Spool.write(Path(box), source, compare=bool(options.near))
        if not len(spool):
            raise CorpusError(f"{paths[0]}: no text in it, only blanks. Check the file.")
        first = spool.groups(options.near)
        keep = np.flatnonzero(first == np.arange(len(first)))
        inside, outside = _split(keep, options.valid, seed)
        said = [text for graph in graphs for text in verbalise(graph)]
        order = np.random.default_rng([seed, len(said)]).permutation(len(said)).tolist()
        told = [said[i] for i in order]
        note(
            f"{len(spool):,} documents, {len(spool) - len(keep):,} near duplicates left out, "
            f"{len(outside):,} held out" + (f"; {len(told):,} entities in words" if told else "")
        )
        tokenizer = Tokenizer.learn(
            (text for some in (spool.texts(inside.tolist()), told) for text in some),
            vocabulary, options.objective,
        )  # fmt: skip
        counts: dict[str, Any] = {}
        with artifacts.writing(folder, KIND, seed=seed, config=config, summary=counts) as out:
            (out / FILE).write_text(tokenizer.to_json(), encoding="utf-8")
            counts["documents"], counts["near"] = len(spool), len(spool) - len(keep)
            for name, part, rows in (("train", TRAIN, inside), ("valid", VALID, outside)):
                texts = track(spool.texts(rows.tolist()), "Encoding", total=len(rows))
                tokens = write_tokens(out / part, texts, tokenizer)
                counts[name] = _counts(len(rows), int(spool.sizes()[rows].sum()), tokens)
            tokens = write_tokens(out / KNOWLEDGE, told, tokenizer) if told else 0
            size = sum(len(text.encode("utf-8", "replace")) for text in told)
            counts["knowledge"] = _counts(len(told), size, tokens)


def _counts(texts: int, size: int, tokens: int) -> dict[str, int]:
    return {"documents": texts, "bytes": size, "tokens": tokens}


def _split(
    keep: NDArray[np.int64], share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Documents to learn from and held out. None of the first is a near duplicate of the second:
    of each group only one is left.

    >>> inside, outside = _split(np.arange(100), 0.02, seed=0)
    >>> len(inside), len(outside)
    (98, 2)
    """
    if len(keep) < 2:
        raise CorpusError(
            "the corpus is one document, and one has to be held out. Give more, or --unit line or "
            "paragraph for a text file."
        )
    wanted = min(len(keep) - 1, max(1, round(share * len(keep))))
    order = np.random.default_rng([seed, len(keep)]).permutation(keep)
    return np.sort(order[wanted:]), np.sort(order[:wanted])
