"""Link-prediction sets: three files of triples become numbers, and what leaks between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kgml.data.tables import utf8
from kgml.errors import CorpusError

Integers = NDArray[np.int64]
PARTS = ("train", "valid", "test")
OVERLAP = 0.8
"""Two relations are the same, or each other's inverse, from this share of their pairs on."""


@dataclass(frozen=True)
class TripleSplits:
    """Three parts of one set, numbered alike: head, relation, tail, (t, 3) int64 each.

    Attributes:
        entities: names of what is in ``train``, sorted; the number is the place.
        relations: the same for relations.
        known: all true triples of the three parts among these entities; ranks leave them out.
        duplicates: rows that stood twice in their part and are kept once.
        unknown: rows per part that name what ``train`` does not, and are left out.
        removed: rows of ``train`` that `without_leakage` took away.
    """

    entities: tuple[str, ...]
    relations: tuple[str, ...]
    train: Integers
    valid: Integers
    test: Integers
    known: Integers
    duplicates: int
    unknown: dict[str, int]
    removed: int = 0


def read_splits(train: Path, valid: Path, test: Path) -> TripleSplits:
    """Read three files of ``head<tab>relation<tab>tail``, without a header.

    Raises:
        CorpusError: a file is missing or not UTF-8, has no triple, or a line has not three names.
    """
    rows = {part: _read(Path(file)) for part, file in zip(PARTS, (train, valid, test), strict=True)}
    entities = sorted({name for row in chain(*rows.values()) for name in (row[0], row[2])})
    relations = sorted({row[1] for row in chain(*rows.values())})
    entity = {name: number for number, name in enumerate(entities)}
    relation = {name: number for number, name in enumerate(relations)}
    numbered, duplicates = {}, 0
    for part, found in rows.items():
        triples = np.array([(entity[h], relation[r], entity[t]) for h, r, t in found], np.int64)
        numbered[part] = _distinct(triples)
        duplicates += len(triples) - len(numbered[part])
    whole = TripleSplits(
        tuple(entities), tuple(relations), numbered["train"], numbered["valid"], numbered["test"],
        known=np.concatenate([numbered[part] for part in PARTS]),
        duplicates=duplicates, unknown={"valid": 0, "test": 0},
    )  # fmt: skip
    return _only_known(whole)


def leakage(splits: TripleSplits) -> dict[str, int]:
    """Count what of ``test`` can be read off ``train``.

    Returns:
        ``duplicate``, ``inverse``: rows of ``train`` that a row of ``test`` repeats under another
        name, or turned round; ``seen``: rows of ``test`` that are in ``train`` as they are.
    """
    duplicate, inverse = _leaks(splits)
    seen = np.isin(_codes(splits, splits.test), _codes(splits, splits.train))
    return {
        "duplicate": int(duplicate.sum()), "inverse": int(inverse.sum()), "seen": int(seen.sum())
    }  # fmt: skip


def without_leakage(splits: TripleSplits) -> TripleSplits:
    """The same set without the rows of ``train`` that answer a row of ``test``."""
    duplicate, inverse = _leaks(splits)
    seen = np.isin(_codes(splits, splits.train), _codes(splits, splits.test))
    answer = duplicate | inverse | seen
    if answer.all():
        raise CorpusError(
            f"all {len(answer):,} training triples answer a test triple; nothing is left to learn "
            "from. Check that --train and --test are not the same file, or keep them."
        )
    return _only_known(
        replace(splits, train=splits.train[~answer], removed=int(answer.sum()))
    )  # fmt: skip


def alike_relations(triples: Integers, relations: int) -> tuple[NDArray[np.bool_], ...]:
    """Which relations say the same, and which the same turned round: (r, r) bool twice.

    Relation ``s`` is a duplicate of ``r`` when at least `OVERLAP` of the pairs of each are pairs
    of the other (Akrami et al., Realistic Re-evaluation of Knowledge Graph Completion Methods,
    SIGMOD 2020). A symmetric relation is its own inverse; none is its own duplicate.
    """
    forward = _pairs(triples, relations)
    backward = _pairs(triples[:, [2, 1, 0]], relations)
    size = np.array([len(pairs) for pairs in forward])
    same = np.zeros((relations, relations), dtype=bool)
    turned = np.zeros_like(same)
    least = OVERLAP * np.maximum.outer(size, size)
    maybe = np.argwhere(least <= np.minimum.outer(size, size))
    for found, others in ((same, forward), (turned, backward)):
        for r, s in maybe:
            shared = len(np.intersect1d(forward[r], others[s], assume_unique=True))
            found[r, s] = shared >= least[r, s] > 0
    np.fill_diagonal(same, False)
    return same, turned


def _leaks(splits: TripleSplits) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Per row of ``train``: whether it is a duplicate, and whether an inverse, of one of test."""
    # of all parts: in training alone an inverse pair overlaps only as far as the split left it
    same, turned = alike_relations(splits.known, len(splits.relations))
    test = _codes(splits, splits.test)
    answers = []
    for alike, columns in ((same, [0, 1, 2]), (turned, [2, 1, 0])):
        found = np.zeros(len(splits.train), dtype=bool)
        for r, s in np.argwhere(alike):
            rows = np.flatnonzero(splits.train[:, 1] == r)
            asked = splits.train[rows][:, columns]
            asked[:, 1] = s
            found[rows] |= np.isin(_codes(splits, asked), test)
        answers.append(found)
    return answers[0], answers[1]


def _pairs(triples: Integers, relations: int) -> list[Integers]:
    """One sorted array of distinct (head, tail) codes per relation."""
    size = int(triples[:, [0, 2]].max(initial=0)) + 1
    codes = triples[:, 0] * size + triples[:, 2]
    return [np.unique(codes[triples[:, 1] == r]) for r in range(relations)]


def _codes(splits: TripleSplits, triples: Integers) -> Integers:
    """One number per triple: (t,) int64."""
    e, r = np.int64(len(splits.entities)), np.int64(len(splits.relations))
    return (triples[:, 0] * r + triples[:, 1]) * e + triples[:, 2]


def _distinct(triples: Integers) -> Integers:
    """Each row once, where it first stood."""
    _, first = np.unique(triples, axis=0, return_index=True)
    return triples[np.sort(first)]


def _only_known(splits: TripleSplits) -> TripleSplits:
    """Number anew what is in ``train``; leave out rows of the others that name more."""
    entities = np.unique(splits.train[:, [0, 2]])
    relations = np.unique(splits.train[:, 1])
    new_entity = np.full(len(splits.entities), -1)
    new_entity[entities] = np.arange(len(entities))
    new_relation = np.full(len(splits.relations), -1)
    new_relation[relations] = np.arange(len(relations))

    def renumber(triples: Integers) -> Integers:
        moved = np.stack(
            [new_entity[triples[:, 0]], new_relation[triples[:, 1]], new_entity[triples[:, 2]]], 1
        )
        return moved[(moved >= 0).all(axis=1)]

    valid, test = renumber(splits.valid), renumber(splits.test)
    for part, left, given in (("valid", valid, splits.valid), ("test", test, splits.test)):
        if not len(left):
            raise CorpusError(
                f"none of the {len(given):,} {part} triples names only entities and relations of "
                "the training triples; wanted at least one. Check that the files are of one set."
            )
    return replace(
        splits,
        entities=tuple(splits.entities[i] for i in entities),
        relations=tuple(splits.relations[i] for i in relations),
        train=renumber(splits.train), valid=valid, test=test, known=renumber(splits.known),
        unknown={
            "valid": splits.unknown["valid"] + len(splits.valid) - len(valid),
            "test": splits.unknown["test"] + len(splits.test) - len(test),
        },
    )  # fmt: skip


def _read(path: Path) -> list[list[str]]:
    if not path.is_file():
        raise CorpusError(f"{path}: no such file. Check the path.")
    rows = []
    with utf8(path), path.open(encoding="utf-8-sig", newline="") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            row = [name.strip() for name in line.rstrip("\r\n").split("\t")]
            if len(row) != 3 or not all(row):
                raise CorpusError(
                    f"{path}, line {number}: found {len(row)} fields, {sum(map(bool, row))} of "
                    "them not empty; wanted head, relation and tail with tabs between them."
                )
            rows.append(row)
    if not rows:
        raise CorpusError(f"{path}: no triple in it; wanted head<tab>relation<tab>tail a line.")
    return rows
