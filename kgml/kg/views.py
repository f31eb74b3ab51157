"""The same graph for rdflib, networkx, torch-geometric and pandas; each library on first use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kgml.errors import MissingExtraError

if TYPE_CHECKING:
    import networkx
    import pandas
    import rdflib
    from torch_geometric.data import HeteroData

    from kgml.kg.graph import KnowledgeGraph


def to_rdflib(graph: KnowledgeGraph) -> rdflib.Graph:
    """A read-only rdflib graph over the columns: types, labels, synonyms, definitions, edges.

    Nothing is copied: terms are made when first asked for, and kept by this view, so keep it.
    ``query`` runs on pyoxigraph, on a copy made at the first one. Written to a file and loaded
    again it gives the same columns; only an OBO id becomes the IRI. To change it, copy it:
    ``copy = rdflib.Graph(); copy += view``.

    `kgml.kg.rdfview.statements` says what is in it. Adding raises `kgml.errors.UsageError`, pickling
    TypeError.
    """
    import rdflib

    from kgml.kg.rdfview.rdfstore import GraphStore
    from kgml.kg.rdfview.statements import prefixes

    view = rdflib.Graph(GraphStore(graph), bind_namespaces="none")
    for prefix, namespace in reversed(prefixes(graph).items()):  # the last one is written
        view.bind(prefix, rdflib.URIRef(namespace))
    return view


def to_networkx(graph: KnowledgeGraph) -> networkx.MultiDiGraph[int]:
    """Nodes are entity numbers with ``id`` and ``label``; edge keys are relation numbers.

    Each edge carries ``relation`` (its id) and ``label``.
    """
    import networkx

    view: networkx.MultiDiGraph[int] = networkx.MultiDiGraph()
    view.add_nodes_from(
        (number, {"id": name, "label": label})
        for number, (name, label) in enumerate(zip(graph.ids, graph.labels, strict=True))
    )
    names = [
        {"relation": name, "label": label}
        for name, label in zip(graph.relations, graph.relation_labels, strict=True)
    ]
    for head, relation, tail in graph.triples.tolist():
        view.add_edge(head, tail, key=relation, **names[relation])
    return view


def to_pyg(graph: KnowledgeGraph) -> HeteroData:
    """Node types are the kinds of entity present, edge types (kind, relation, kind).

    Nodes of a kind are in the order of their entity numbers: ``data["class"].number[i]`` is the
    number of class i, and ``data.place`` (e,) int64 leads back: entity ``n`` is node
    ``data.place[n]`` of the kind ``data.kinds[data.kind[n]]``, ``data.kind`` being (e,) int8.

    Each edge type (a, "r", b) has ``edge_index`` (2, k) int64, ``relation`` (its number) and
    ``inverse`` False, and its edges turned round are the type (b, "inverse r", a), ``inverse``
    True. A relation goes by its id; an IRI by its prefixed name (``rdfs:subClassOf``) where
    `KnowledgeGraph.prefixes` has one, else with ``/`` for ``#``; its number follows where two
    would have one name.
    """
    import torch
    from torch_geometric.data import HeteroData

    from kgml.kg.graph import KINDS

    data = HeteroData()
    kinds, place = graph.columns.kinds, np.zeros(len(graph), dtype=np.int64)
    for code in np.unique(kinds).tolist():
        numbers = np.flatnonzero(kinds == code)
        place[numbers] = np.arange(len(numbers))
        data[KINDS[code]].number = torch.from_numpy(numbers)
        data[KINDS[code]].num_nodes = len(numbers)
    data.kinds, data.kind = KINDS, torch.from_numpy(kinds.copy())
    data.place = torch.from_numpy(place)
    names = _edge_names(graph)
    for (head, relation, tail), edges in _by_type(graph.triples, kinds).items():
        index = torch.from_numpy(place[edges[:, ::2].T])
        start, end, name = KINDS[head], KINDS[tail], names[relation]
        _add_edges(data[start, name, end], index, relation, inverse=False)
        turned = index.flip(0).contiguous()
        _add_edges(data[end, f"inverse {name}", start], turned, relation, inverse=True)
    return data


def _by_type(
    triples: NDArray[np.int64], kinds: NDArray[np.int8]
) -> dict[tuple[int, int, int], NDArray[np.int64]]:
    """Triples by kind of head, relation, kind of tail; each sorted as they were."""
    head, relation, tail = kinds[triples[:, 0]], triples[:, 1], kinds[triples[:, 2]]
    keys = (relation * 3 + head) * 3 + tail
    order = np.argsort(keys, kind="stable")
    first = np.flatnonzero(np.diff(keys[order], prepend=-1))
    parts = np.split(triples[order], first[1:]) if len(first) else []
    rows = order[first]
    types = zip(head[rows].tolist(), relation[rows].tolist(), tail[rows].tolist(), strict=True)
    return dict(zip(types, parts, strict=True))


def _add_edges(edges: Any, index: Any, relation: int, *, inverse: bool) -> None:
    edges.edge_index, edges.relation, edges.inverse = index, relation, inverse


def _edge_names(graph: KnowledgeGraph) -> list[str]:
    """A name per relation that torch-geometric's modules can be keyed by.

    They write ``.`` as ``#`` and join types by ``___``: HeteroConv would not find a relation called
    ``…core#broader``, without a word.
    """
    from kgml.kg.rdfview.statements import prefixes

    spaces = sorted(prefixes(graph).items(), key=lambda item: len(item[1]), reverse=True)
    names = []
    for name in graph.relations:
        known = next(((p, space) for p, space in spaces if name.startswith(space)), None)
        short = f"{known[0]}:{name[len(known[1]) :]}" if known else name
        names.append(short.replace("#", "/").replace("___", "_"))
    times = Counter(names)
    return [name if times[name] == 1 else f"{name} {n}" for n, name in enumerate(names)]


@dataclass(frozen=True)
class Frames:
    """A graph as four pandas tables; see `kgml.kg.tables` for their columns."""

    entities: pandas.DataFrame
    """A row per entity; the index is its number."""
    synonyms: pandas.DataFrame
    notes: pandas.DataFrame
    """Comments and cross-references."""
    edges: pandas.DataFrame


def to_pandas(graph: KnowledgeGraph) -> Frames:
    """Entities, synonyms, notes and edges as DataFrames.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    try:
        import pandas  # noqa: F401  # pyarrow would say less when it misses it
    except ImportError:
        raise MissingExtraError("pandas", "graph.to_pandas()") from None
    from kgml.kg import tables

    entities = tables.entities(graph).to_pandas()
    return Frames(
        entities.set_index("number"), tables.synonyms(graph).to_pandas(),
        tables.notes(graph).to_pandas(), tables.edges(graph).to_pandas(),
    )  # fmt: skip
