"""A table of word vectors in place of a transformer, in numpy: for corpora too large for one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.encoders.rows import Floats, Integers, finite_rows, unit_rows
from kgml.errors import ArtifactError
from kgml.progress import track

WEIGHTS, TABLE = "model.safetensors", "embedding.weight"
TEXTS_AT_ONCE = 2_000


class StaticModel:
    """A sentence-transformers StaticEmbedding, in numpy.

    Args:
        folder: a model that `fits`.

    Raises:
        ArtifactError: its files cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        try:
            self._table = _table(load_file(folder / WEIGHTS))
            finite_rows(self._table, str(folder))
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except (OSError, SafetensorError, LookupError) as error:
            raise ArtifactError(
                f"{folder}: cannot be read ({error}). Download the model again."
            ) from error
        except Exception as error:  # tokenizers raises nothing narrower
            raise ArtifactError(
                f"{folder / 'tokenizer.json'}: cannot be read ({error}). Download the model again."
            ) from error
        self._tokenizer.no_padding()

    @staticmethod
    def fits(folder: Path) -> bool:
        """Whether the model in ``folder`` is a table of word vectors and nothing more."""
        try:
            modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
            about = folder / "config_sentence_transformers.json"
            prompts = json.loads(about.read_text(encoding="utf-8")) if about.exists() else {}
            kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
        except (OSError, ValueError, KeyError, TypeError):
            return False
        known = (["StaticEmbedding"], ["StaticEmbedding", "Normalize"])
        return (
            kinds in known and modules[0]["path"] == "" and not prompts.get("default_prompt_name")
        )

    @property
    def dimension(self) -> int:
        """d, the length of a vector."""
        return int(self._table.shape[1])

    def encode(
        self, texts: list[str], description: str
    ) -> Iterator[tuple[Integers, Floats, Integers]]:
        """Yield (row numbers (b,), unit vectors (b, d), token counts (b,)).

        A text without a word that the table knows has a zero row.
        """
        starts = range(0, len(texts), TEXTS_AT_ONCE)
        for start in track(starts, description, total=len(starts)):
            part = texts[start : start + TEXTS_AT_ONCE]
            read = self._tokenizer.encode_batch_fast(part, add_special_tokens=False)
            ids = [one.ids for one in read]
            counts = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
            rows = np.arange(start, start + len(part))
            flat = np.fromiter(chain.from_iterable(ids), dtype=np.int64, count=int(counts.sum()))
            yield rows, unit_rows(self._sums(flat, counts)), counts

    def count_tokens(self, texts: list[str]) -> Integers:
        """Tokens of each text, (n,) int64."""
        counts = np.zeros(len(texts), dtype=np.int64)
        for rows, _, found in self.encode(texts, ""):
            counts[rows] = found
        return counts

    def _sums(self, ids: Integers, counts: Integers) -> Floats:
        """Of the table's rows ``ids`` (t,), ``counts`` (b,) of them each: (b, d)."""
        sums = np.zeros((len(counts), self.dimension), dtype=np.float32)
        some = np.flatnonzero(counts)
        if len(some):
            starts = (np.cumsum(counts) - counts)[some]
            sums[some] = np.add.reduceat(self._table[ids], starts, axis=0)
        return sums


def _table(weights: dict[str, NDArray[Any]]) -> Floats:
    """A row for each word piece (v, d): as sentence-transformers saves them, or as Model2Vec does."""
    if TABLE in weights:
        return weights[TABLE].astype(np.float32)
    table: Floats = weights["embeddings"].astype(np.float32)
    if "mapping" in weights:  # pieces may share a row
        table = table[weights["mapping"].astype(np.int64)]
    if "weights" in weights:
        table = table * weights["weights"].astype(np.float32)[:, None]
    return table
