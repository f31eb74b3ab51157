"""BM25 (Robertson and Zaragoza, Foundations and Trends in IR 2009) over integer columns.

What a word adds to an entity's score does not depend on the query, so it is worked out once: a
query sums a few columns of a sparse matrix.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from kgml.artifacts import read_manifest, writing
from kgml.errors import ArtifactError

KIND = "words"
COLUMNS, TERMS = "columns.safetensors", "terms.json"
VERSION = 1
"""Change it when the same graph would give other columns."""
SATURATION, LENGTH = 0.6, 0.75
"""k1 and b: names are short, so that a word that occurs is soon enough."""


class BM25:
    """Words and how much each says of each entity.

    Attributes:
        terms: the words known, sorted.
        starts: (v + 1,) where the column of each word begins in the other two.
        entities: (p,) int32 which entities have the word, ascending within a word.
        weights: (p,) float32 what the word adds to the score of each.
        size: e, how many entities there are.
    """

    def __init__(
        self, terms: list[str], starts: NDArray[np.int64], entities: NDArray[np.int32],
        weights: NDArray[np.float32], size: int,
    ) -> None:  # fmt: skip
        self.terms, self.starts, self.entities = terms, starts, entities
        self.weights, self.size = weights, size
        self._number = {term: number for number, term in enumerate(terms)}

    @classmethod
    def build(cls, documents: Iterable[Mapping[str, int]]) -> BM25:
        """Take how often each word occurs in ``documents``, one mapping for each entity."""
        number: dict[str, int] = {}
        known, counted, sizes = array("i"), array("i"), array("i")
        for document in documents:
            known.extend(number.setdefault(word, len(number)) for word in document)
            counted.extend(document.values())
            sizes.append(len(document))
        terms = sorted(number)
        rank = np.empty(len(terms), dtype=np.int64)
        rank[[number[term] for term in terms]] = np.arange(len(terms))
        words, counts = rank[np.asarray(known)], np.asarray(counted, dtype=np.float64)
        owner = np.repeat(np.arange(len(sizes), dtype=np.int32), np.asarray(sizes))
        order = np.argsort(words, kind="stable")  # ascending entities within a word
        words, counts, owner = words[order], counts[order], owner[order]
        df = np.bincount(words, minlength=len(terms))
        # never negative, as in Lucene
        idf = np.log1p((len(sizes) - df + 0.5) / (df + 0.5))
        lengths = np.bincount(owner, weights=counts, minlength=len(sizes))
        norm = SATURATION * (1 - LENGTH + LENGTH * lengths / (lengths.mean() if len(words) else 1))
        weights = idf[words] * counts * (SATURATION + 1) / (counts + norm[owner])
        starts = np.concatenate([[0], np.cumsum(df)]).astype(np.int64)
        return cls(terms, starts, owner, weights.astype(np.float32), len(sizes))

    def scores(self, words: Iterable[str]) -> NDArray[np.float32]:
        """Score of each entity (e,); a word counts once, an unknown one adds nothing."""
        total = np.zeros(self.size, dtype=np.float32)
        for word in sorted(set(words)):
            rows, weights = self._column(word)
            total[rows] += weights
        return total

    def having(self, words: Iterable[str]) -> NDArray[np.int64]:
        """Numbers of the entities that have every one of ``words``, ascending."""
        columns = sorted((self._column(word)[0] for word in set(words)), key=len)
        found = columns[0] if columns else np.zeros(0, dtype=np.int32)
        for column in columns[1:]:
            found = found[np.isin(found, column, assume_unique=True)]
        return found.astype(np.int64)

    def weight(self, word: str, entity: int) -> float:
        """What ``word`` adds to the score of an entity."""
        rows, weights = self._column(word)
        place = int(np.searchsorted(rows, entity))
        return float(weights[place]) if place < len(rows) and rows[place] == entity else 0.0

    def knows(self, word: str) -> bool:
        """Whether an entity has ``word``."""
        return word in self._number

    def _column(self, word: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        number = self._number.get(word)
        part = slice(0, 0) if number is None else slice(*self.starts[number : number + 2])
        return self.entities[part], self.weights[part]

    def save(self, path: Path, graph_fingerprint: str) -> None:
        """Write the artifact folder ``path`` (kind ``words``)."""
        with writing(path, KIND, made_from={"graph": graph_fingerprint},
                     summary={"entities": self.size, "terms": len(self.terms)}) as folder:  # fmt: skip
            columns: dict[str, NDArray[Any]] = {
                "starts": self.starts,
                "entities": self.entities,
                "weights": self.weights,
            }
            save_file(columns, folder / COLUMNS)
            listed = json.dumps(self.terms, ensure_ascii=False)
            (folder / TERMS).write_text(listed, encoding="utf-8")

    @classmethod
    def load(cls, path: Path, *, verify: bool = True) -> tuple[BM25, str]:
        """What `save` wrote, and the fingerprint of its graph.

        Args:
            verify: compare the sha256 of every file first.

        Raises:
            ArtifactError: missing, damaged or of another kind.
        """
        manifest = read_manifest(path, KIND, verify=verify)
        try:
            columns = load_file(path / COLUMNS)
            terms = json.loads((path / TERMS).read_text(encoding="utf-8"))
            made = cls(terms, columns["starts"], columns["entities"], columns["weights"],
                       int(manifest.summary["entities"]))  # fmt: skip
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ArtifactError(f"{path}: cannot be read ({error}). Make it again.") from error
        return made, manifest.made_from.get("graph", "")
