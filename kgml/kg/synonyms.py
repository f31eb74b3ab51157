"""The same graph with more synonyms, for asking what a linker would then find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa

from kgml.kg.graph import KnowledgeGraph
from kgml.kg.store import FORMS
from kgml.kg.vocabulary import Scope
from kgml.progress import warn


def with_synonyms(graph: KnowledgeGraph, synonyms: Iterable[tuple[int, str]]) -> KnowledgeGraph:
    """A graph with exact synonyms added, each an entity's number and a text; ``graph`` stays as it is.

    What is a form of the entity already is counted in a warning and changes nothing.

    >>> from kgml import load_graph
    >>> graph = load_graph("ontologies/bio.ttl")
    >>> more = with_synonyms(graph, [(0, "an odd name")])
    >>> ("an odd name", Scope.EXACT) in more[0].synonyms, len(more.forms) - len(graph.forms)
    (True, 1)
    """
    forms = graph.forms
    rows = list(zip(forms.entity.tolist(), forms.scope.tolist(), forms.text, strict=True))
    known = {(entity, text) for entity, _, text in rows}
    added = {(entity, text) for entity, text in synonyms}
    for entity, text in sorted(added & known):
        warn(f"'{text}' is a name of {graph.ids[entity]} ({graph.labels[entity]}) already")
    rows += [(entity, int(Scope.EXACT), text) for entity, text in added - known]
    rows.sort()
    columns = [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(FORMS)]
    table = pa.Table.from_arrays(columns, schema=FORMS)
    return KnowledgeGraph(
        replace(graph.columns, forms=table), graph.report,
        graph.ontologies, graph.sources, graph.files, graph.declared, graph.findings,
    )  # fmt: skip
