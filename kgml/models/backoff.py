"""Hierarchical back-off: an unsure prediction becomes a common ancestor of several classes.

Where the labels are entities of the graph, every entity above one of them stands for a set of
classes. Of a document these sets are walked up from the best class alone to all classes; the
first that holds enough probability is predicted. Each set contains the one before, so "how much
is needed to reach the true class" is one number for a row, and its quantile over held-out rows is
how much is enough: nested conformal sets (Gupta, Kuchibhotla and Ramdas 2022; the number is that of
adaptive prediction sets, Romano, Sesia and Candès 2020, over the walk in place of single classes,
without drawing lots).

The held-out rows are the out-of-fold decisions of the training rows. With the model of one fold
the share of new rows that are covered is at least what was asked, of rows drawn as the training
rows were; the model that predicts has learned from a few more. Lots are not drawn: where the best
class alone is right more often than asked, the sets are the best classes and cover more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from kgml.errors import UsageError
from kgml.kg.graph import KnowledgeGraph

EVERYTHING = -1
"""In place of an entity: all classes, which nothing in the graph is above."""
Sets = NDArray[np.bool_]


@dataclass(frozen=True)
class Covered:
    """What is predicted of one document: the classes, by number, what they share, their mass.

    entity: the class's own where it is one, else the lowest entity above them all, or `EVERYTHING`.
    """

    entity: int
    classes: list[int]
    mass: float

    def to_json(
        self, graph: KnowledgeGraph, names: Sequence[str], coverage: float
    ) -> dict[str, Any]:
        """The entity by id and label, null for everything."""
        above = None
        if self.entity != EVERYTHING:
            above = {"id": graph.ids[self.entity], "label": graph.labels[self.entity]}
        return {
            "coverage": coverage,
            "entity": above,
            "classes": [names[k] for k in self.classes],
            "probability": round(self.mass, 6),
        }


class Backoff:
    """The sets of c classes in a graph, and the held-out rows that say how far to walk.

    Args:
        entities: the entity of each class, c different ones.
        scores: of held-out rows, (n,); see `calibrate`.

    Attributes:
        sets_ (m, c): which classes each set holds; first the c classes alone, last all.
        entity_ (m,): what each set is called.

    >>> from kgml import load_graph
    >>> graph = load_graph("ontologies/fin.ttl")
    >>> named = {label: number for number, label in enumerate(graph.labels)}
    >>> classes = [named["gilt"], named["bund"], named["corporate bond"], named["crude oil"]]
    >>> held = np.array([[0.6, 0.3, 0.1, 0.0], [0.5, 0.3, 0.2, 0.0], [0.3, 0.3, 0.4, 0.0]])
    >>> back = Backoff(graph, classes).calibrate(held, np.array([0, 1, 0]))
    >>> back.scores.tolist()
    [0.0, 0.4, 0.5]
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        entities: Sequence[int],
        scores: Sequence[float] | NDArray[Any] = (),
    ) -> None:
        self.graph, self.entities = graph, list(entities)
        self.scores = np.sort(np.asarray(scores, dtype=np.float64))

    @cached_property
    def _made(self) -> tuple[Sets, NDArray[np.int64]]:
        return class_sets(self.graph, self.entities)

    @property
    def sets_(self) -> Sets:
        return self._made[0]

    @property
    def entity_(self) -> NDArray[np.int64]:
        return self._made[1]

    @cached_property
    def _above(self) -> Sets:
        """(m, m): whether column's set holds row's and more."""
        sets = self.sets_.astype(np.int64)
        size = sets.sum(axis=1)
        more: Sets = (sets @ sets.T == size[:, None]) & (size[:, None] < size)
        return more

    def calibrate(self, shares: NDArray[np.float64], y: NDArray[np.int64]) -> Backoff:
        """Take the scores of held-out rows: ``shares`` (n, c) probabilities, ``y`` (n,) classes.

        A row's score is the mass that was gathered before the set with its class was reached:
        0 where the best class is right.
        """
        rows = np.arange(len(y))
        at = shares.argmax(axis=1)
        score = np.zeros(len(y))
        mass = shares @ self.sets_.T
        while len(missed := rows[~self.sets_[at[rows], y[rows]]]):
            score[missed] = mass[missed, at[missed]]
            at[missed] = self._next(mass[missed], at[missed])
            rows = missed
        self.scores = np.sort(score)
        return self

    def enough(self, coverage: float) -> float:
        """The mass beyond which a walk stops, so that ``coverage`` of new rows are covered: the
        ceil((n + 1) coverage)-th smallest score; infinite where n is too small for it.

        Raises:
            UsageError: no share between 0 and 1.
        """
        if not 0 < coverage < 1:
            raise UsageError(f"coverage {coverage}: wanted a share between 0 and 1, such as 0.9.")
        place = int(np.ceil((len(self.scores) + 1) * coverage - 1e-9))
        return float("inf") if place > len(self.scores) else float(self.scores[place - 1])

    def cover(self, shares: NDArray[np.float64], coverage: float) -> list[Covered]:
        """What is predicted of n documents with probabilities ``shares`` (n, c)."""
        enough = self.enough(coverage)
        mass = shares @ self.sets_.T
        at = shares.argmax(axis=1)
        rows = np.arange(len(at))
        last = len(self.sets_) - 1
        while len(low := rows[(mass[rows, at[rows]] <= enough) & (at[rows] != last)]):
            at[low] = self._next(mass[low], at[low])
            rows = low
        return [
            Covered(int(self.entity_[k]), np.flatnonzero(self.sets_[k]).tolist(), float(row[k]))
            for k, row in zip(at.tolist(), mass, strict=True)
        ]

    def _next(self, mass: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.int64]:
        """The set after ``at`` (r,) on each row's walk: of those that hold it the one that adds most
        mass a class, of equals the smallest, as `class_sets` sorts them."""
        size = self.sets_.sum(axis=1)
        here = mass[np.arange(len(at)), at]
        more = np.maximum(size[None, :] - size[at][:, None], 1)
        gain = np.where(self._above[at], (mass - here[:, None]) / more, -1.0)
        found: NDArray[np.int64] = gain.argmax(axis=1)
        return found


def class_sets(graph: KnowledgeGraph, entities: Sequence[int]) -> tuple[Sets, NDArray[np.int64]]:
    """Every set of classes that an entity is above, (m, c), and the entity that it is called, (m,).

    First each class alone, then by size; of several entities above the same classes the deepest is
    named. The last set is all classes, called `EVERYTHING` where no entity is above them.
    """
    c = len(entities)
    above = graph.ancestors[entities].toarray().astype(bool).T  # (e, c): own class included
    found: dict[bytes, int] = {}
    for entity in np.flatnonzero(above.sum(axis=1) > 1).tolist():
        key = above[entity].tobytes()
        if key not in found or graph.depths[entity] > graph.depths[found[key]]:
            found[key] = entity
    named = sorted(
        ((np.frombuffer(key, dtype=bool), entity) for key, entity in found.items()),
        key=lambda pair: (int(pair[0].sum()), pair[1]),
    )
    sets, called = [np.eye(c, dtype=bool)], list(entities)
    if named:
        sets.append(np.stack([pair[0] for pair in named]))
        called += [entity for _, entity in named]
    if not (named and named[-1][0].all()):
        sets.append(np.ones((1, c), dtype=bool))
        called.append(EVERYTHING)
    return np.concatenate(sets), np.array(called, dtype=np.int64)


def class_entities(
    graph: KnowledgeGraph | None, names: Sequence[Any] | NDArray[Any]
) -> list[int] | None:
    """The entity of each of ``names`` (c,), given by id, IRI or CURIE; None where one has none, or
    two are the same."""
    if graph is None or len(names) < 2:
        return None
    keys = [str(name) for name in names]
    found = [graph.number(key) for key in keys if key in graph]
    return found if len(set(found)) == len(keys) else None


def calibrated(
    graph: KnowledgeGraph | None, classes: NDArray[Any], shares: NDArray[np.float64],
    y: NDArray[np.int64],
) -> Backoff | None:  # fmt: skip
    """`Backoff` between ``classes`` (c,) by `Backoff.calibrate`; None where they are no entities."""
    entities = class_entities(graph, classes)
    if entities is None or graph is None:
        return None
    return Backoff(graph, entities).calibrate(shares, y)


def why_not(
    graph: KnowledgeGraph | None, names: Sequence[Any] | NDArray[Any], target: str = "single"
) -> str:
    """Why a model of ``target`` has no back-off between the classes ``names``."""
    if target != "single":
        return f"its target is {target}"
    if class_entities(graph, names) is not None:
        return "it was made without labelled texts, so that nothing says how sure it is"
    if graph is None:
        return "the model has no ontology"
    unknown = [str(name) for name in names if str(name) not in graph]
    if unknown:
        return f"{len(unknown)} of {len(names)} labels are no entity of the graph, such as '{unknown[0]}'"
    return "two labels are one entity, or nothing was held out"


def measure_cover(
    covered: Sequence[Covered], labels: Sequence[str], names: Sequence[str], coverage: float
) -> dict[str, Any]:
    """How often the classes hold the label, of n documents, and what that costs.

    Returns:
        ``asked, covered, interval`` (95%, Wilson), ``classes`` a document in the mean, ``backed_off``
        the share with more than one, ``everything`` that with all of them.
    """
    number = {name: k for k, name in enumerate(names)}
    sizes = np.array([len(one.classes) for one in covered])
    hits = sum(number.get(label) in one.classes for one, label in zip(covered, labels, strict=True))
    low, high = stats.binomtest(hits, len(covered)).proportion_ci(method="wilson")
    return {
        "asked": coverage,
        "covered": round(hits / len(covered), 6),
        "interval": [round(float(low), 6), round(float(high), 6)],
        "classes": round(float(sizes.mean()), 4),
        "backed_off": round(float((sizes > 1).mean()), 6),
        "everything": round(float((sizes == len(names)).mean()), 6),
    }
