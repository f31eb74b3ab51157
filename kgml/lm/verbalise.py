"""What a graph says, in sentences: the ontology as a corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgml.kg.vocabulary import Scope

if TYPE_CHECKING:
    from kgml.kg.graph import Entity, KnowledgeGraph


def verbalise(graph: KnowledgeGraph) -> list[str]:
    """A text for each entity that has a label, by number: its names, definition and parents.

    Seizure, also called epileptic seizure, is a kind of abnormal nervous system physiology. A seizure
    is an event due to excessive neuronal activity. Kinds of it are focal seizure and status epilepticus.
    """
    parents, children = graph.is_a, graph.is_a.T.tocsr()
    labels = graph.labels
    found = []
    for entity in graph:
        if entity.labelled:
            above = [labels[i] for i in parents[entity.number].indices.tolist()]
            below = [labels[i] for i in children[entity.number].indices.tolist()]
            found.append(_say(entity, above, below))
    return found


SHOWN = 6
"""Most children that are listed."""


def _say(entity: Entity, above: list[str], below: list[str]) -> str:
    exact = [name for name, scope in entity.synonyms if scope == Scope.EXACT]
    others = [name for name, scope in entity.synonyms if scope != Scope.EXACT]
    called = f", also called {listed(exact)}," if exact else ""
    if above:
        first = f"{entity.label}{called} is a kind of {listed(above)}."
    else:
        first = f"{entity.label}{called.rstrip(',')}."
    parts = [first]
    if entity.definition:
        text = entity.definition.strip()
        parts.append(text if text.endswith((".", "!", "?")) else text + ".")
    if others:
        parts.append(f"Related names are {listed(others)}.")
    if below:
        some = below[:SHOWN]
        parts.append(f"{'Kinds' if len(some) > 1 else 'A kind'} of it {_be(some)} {listed(some)}.")
    return " ".join(parts)


def listed(names: list[str]) -> str:
    """
    >>> listed(["one"]), listed(["one", "two", "three"])
    ('one', 'one, two and three')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _be(names: list[str]) -> str:
    return "are" if len(names) > 1 else "is"
