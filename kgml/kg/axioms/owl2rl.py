"""OWL 2 RL by the package owlrl: pure Python over rdflib's graph, so for small ontologies."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kgml.errors import MissingExtraError, OntologyError
from kgml.kg.vocabulary import OWL, RDF, RDFS, XSD
from kgml.progress import warn

if TYPE_CHECKING:
    import rdflib

MAX_TRIPLES = 50_000
"""Most triples given to owlrl: 2.4 CPU seconds for 2,000 triples of FIBO, 15 for 10,000, 95 for
50,000."""
BLOCK = 100_000
VOCABULARY = (RDF, RDFS, OWL, XSD)
ERRORS = "http://www.daml.org/2002/03/agents/agent-ont#"
"""How owlrl writes a contradiction into the graph."""


def infer_owlrl(blocks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """As `kgml.kg.axioms.reason.infer`; what owlrl finds inconsistent is a warning.

    Raises:
        MissingExtraError: owlrl is not installed.
        OntologyError: more than `MAX_TRIPLES` triples came, or more than ``limit`` follow.
    """
    try:
        from owlrl import DeductiveClosure, OWLRL_Semantics
    except ImportError:
        raise MissingExtraError("reason", "OWL 2 RL inference") from None
    with ill_typed_in_silence():
        graph, names = _filled(blocks)
    stated = set(graph)
    # its other conversions of datatypes would be switched on for the whole process meanwhile
    DeductiveClosure(OWLRL_Semantics, improved_datatypes=False).expand(graph)
    _warn_of_contradictions(graph)
    lines = sorted(
        " ".join([*(names.get(term) or term.n3() for term in triple), ".\n"]).encode()
        for triple in set(graph) - stated
        if _useful(*triple)
    )
    if len(lines) > limit:
        raise OntologyError(
            f"more than {limit:,} triples follow from these. "
            "Raise max_triples in [graph] of kgml.toml, or infer less with another 'reason'."
        )
    return (b"".join(lines[i : i + BLOCK]) for i in range(0, len(lines), BLOCK))


def _filled(blocks: Iterable[bytes]) -> tuple[rdflib.Graph, dict[Any, str]]:
    """The triples in rdflib, and how the blocks wrote each term; literals keep their spelling."""
    import pyoxigraph as ox
    import rdflib

    graph, names = rdflib.Graph(), dict[Any, str]()
    terms: dict[Any, Any] = {}
    for block in blocks:
        for triple in ox.parse(block, format=ox.RdfFormat.N_TRIPLES, lenient=True):
            for term in triple.triple:
                if term not in terms:
                    terms[term] = to_rdflib(term)
                    names[terms[term]] = str(term)
            s, p, o = (terms[term] for term in triple.triple)
            if s is not None and o is not None:
                graph.add((s, p, o))
        if len(graph) > MAX_TRIPLES:
            raise OntologyError(
                f"more than {MAX_TRIPLES:,} triples for OWL 2 RL, which is pure Python and takes "
                "minutes beyond that. Use reason = 'rdfs', or load a part of the ontology."
            )
    return graph, names


@contextmanager
def ill_typed_in_silence() -> Iterator[None]:
    """rdflib logs a traceback for each literal its datatype does not allow; that is no fault here."""
    logger = logging.getLogger("rdflib.term")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def to_rdflib(term: Any) -> Any:
    """A term of pyoxigraph for rdflib, its spelling kept; None for a triple term."""
    import pyoxigraph as ox
    import rdflib

    if type(term) is ox.NamedNode:
        return rdflib.URIRef(term.value)
    if type(term) is ox.BlankNode:
        return rdflib.BNode(term.value)
    if type(term) is not ox.Literal:
        return None
    if term.language:
        return rdflib.Literal(term.value, lang=term.language)
    datatype = term.datatype.value
    if datatype == XSD + "string":
        return rdflib.Literal(term.value)
    return rdflib.Literal(term.value, datatype=rdflib.URIRef(datatype), normalize=False)


def _useful(subject: Any, predicate: Any, value: Any) -> bool:
    """Not what holds of everything, of a thing with itself, or of the vocabulary."""
    from rdflib import BNode, Literal, URIRef

    if isinstance(subject, Literal) or not isinstance(predicate, URIRef) or subject == value:
        return False
    if isinstance(subject, BNode) and isinstance(value, BNode):
        return False
    if str(subject).startswith(VOCABULARY):
        return False  # owl:Nothing is a subclass of all, xsd:int of xsd:integer
    if str(predicate) == RDF + "type":
        return isinstance(value, URIRef) and str(value) not in (OWL + "Thing", RDFS + "Resource")
    return str(value) != OWL + "Thing"


def _warn_of_contradictions(graph: rdflib.Graph) -> None:
    """Say what owlrl wrote into the graph, and take it out."""
    import rdflib

    messages = list(graph.subject_objects(rdflib.URIRef(ERRORS + "error")))
    for node, _ in messages:
        graph.remove((node, None, None))
    if messages:
        first = min(str(text) for _, text in messages)
        more = f" and {len(messages) - 1:,} more" if len(messages) > 1 else ""
        warn(f"OWL 2 RL finds a contradiction: {first}{more}")
