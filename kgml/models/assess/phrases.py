"""Phrases of the texts that the ontology lacks, by what they would be worth, as a patch to it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfTransformer

from kgml.kg.graph import KnowledgeGraph
from kgml.models.assess.measured import Material

LONGEST, MOST = 3, 100
"""Words of a phrase; phrases that are told."""
LEAST = 3
"""Documents that a phrase stands in."""
WITHIN = 0.8
"""A phrase is told within a longer one if that stands in so many of its documents."""
BASE = "https://example.org/patch#"
"""Where the patch's own names are; to be replaced by the ontology's own."""


@dataclass(frozen=True)
class Phrase:
    """worth: the sum of its TF-IDF over documents, times what it tells of the label (bits) · label: the
    class it speaks for most."""

    text: str
    documents: int
    worth: float
    label: str

    def to_json(self) -> dict[str, Any]:
        """As a table of JSON."""
        return {
            "phrase": self.text,
            "documents": self.documents,
            "worth": round(self.worth, 6),
            "label": self.label,
        }


def missing_phrases(given: Material, graph: KnowledgeGraph) -> list[Phrase]:
    """The `MOST` that are worth most; what is linked already is not among them."""
    known = {form.lower() for form in graph.forms.text}
    texts = [
        _blanked(text, [(m.start, m.end) for m in mentions]).lower()
        for text, mentions in zip(given.documents.texts, given.documents.mentions, strict=True)
    ]
    names, counts = _count([_phrases(text) for text in texts], known)
    if not names:
        return []
    weighted = sparse.csr_matrix(TfidfTransformer(sublinear_tf=True).fit_transform(counts))
    present = counts.copy()
    present.data = np.ones_like(present.data)
    told, best = _information(present, given.codes, len(given.classes))
    worth = np.asarray(weighted.sum(axis=0)).ravel() * told
    documents = np.asarray(present.sum(axis=0)).ravel().astype(int)
    found: list[Phrase] = []
    for i in np.lexsort((np.array(names), -worth)).tolist():
        if len(found) == MOST or worth[i] <= 0:
            break
        phrase = Phrase(names[i], int(documents[i]), float(worth[i]), given.classes[best[i]])
        if not any(_same(phrase, other) for other in found):
            found.append(phrase)
    return found


def _same(one: Phrase, other: Phrase) -> bool:
    """Whether one is a part of the other and they mostly stand together."""
    short, long = sorted((one, other), key=lambda p: len(p.text))
    inside = f" {short.text} " in f" {long.text} "
    return inside and long.documents >= WITHIN * short.documents


def _blanked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + "." * (end - start) + text[end:]
    return text


def _phrases(text: str) -> list[str]:
    """Runs of up to `LONGEST` words that neither begin nor end with a stop word or a number."""
    found = []
    for run in re.split(r"[^\w\s-]+|\s-+\s", text):
        words = re.findall(r"\w[\w-]*", run)
        for i in range(len(words)):
            for j in range(i + 1, min(i + LONGEST, len(words)) + 1):
                if _content(words[i]) and _content(words[j - 1]):
                    found.append(" ".join(words[i:j]))
    return found


def _content(word: str) -> bool:
    return len(word) > 2 and word not in ENGLISH_STOP_WORDS and not word[0].isdigit()


def _count(of: Sequence[Sequence[str]], known: set[str]) -> tuple[list[str], sparse.csr_matrix]:
    """Names and counts (n, phrases) of those that stand in `LEAST` documents and are not ``known``."""
    documents: dict[str, int] = {}
    for phrases in of:
        for phrase in set(phrases):
            documents[phrase] = documents.get(phrase, 0) + 1
    names = sorted(p for p, count in documents.items() if count >= LEAST and p not in known)
    column = {name: i for i, name in enumerate(names)}
    pairs = [(row, column[p]) for row, phrases in enumerate(of) for p in phrases if p in column]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    counts = sparse.csr_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(of), len(names)))
    counts.sum_duplicates()
    return names, counts


def _information(
    present: sparse.csr_matrix, codes: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Bits that a phrase tells of the label, above what chance gives; and its class, (phrases,)."""
    n = len(codes)
    hot = sparse.csr_matrix((np.ones(n), (np.arange(n), codes)), shape=(n, classes))
    both = np.asarray((present.T @ hot).todense()) / n
    mine, share = (
        both.sum(axis=1, keepdims=True),
        np.bincount(codes, minlength=classes)[None, :] / n,
    )
    rest = share - both
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = np.nansum(both * np.log2(both / (mine * share)), axis=1)
        bits += np.nansum(
            np.where(rest > 0, rest * np.log2(rest / ((1 - mine) * share)), 0), axis=1
        )
    lift = both / np.maximum(share, 1e-12)
    chance = (classes - 1) / (2 * n * np.log(2))  # of a phrase that tells nothing (Miller 1955)
    return np.maximum(bits - chance, 0.0), lift.argmax(axis=1)


def as_csv(phrases: Sequence[Phrase]) -> str:
    """A table: phrase, documents, worth, label and an empty column for the parent."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["phrase", "documents", "worth", "label", "parent"])
    for one in phrases:
        writer.writerow([one.text, one.documents, f"{one.worth:.6f}", one.label, ""])
    return stream.getvalue()


def as_turtle(phrases: Sequence[Phrase]) -> str:
    """A class for each phrase; whoever takes it up gives it a parent."""
    lines = [
        "@prefix owl: <http://www.w3.org/2002/07/owl#> .",
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .",
    ]
    for one in phrases:
        said = f"in {one.documents} documents, most for {one.label}"
        lines.append(
            f"<{BASE}{quote(one.text.replace(' ', '_'), safe='')}> a owl:Class ;\n"
            f"    rdfs:label {_literal(one.text)} ;\n    rdfs:comment {_literal(said)} ."
        )
    return "\n".join(lines) + "\n"


def _literal(text: str) -> str:
    escaped = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    )
    return f'"{escaped}"'
