"""OWL functional syntax and OWL/XML, the two syntaxes of OWL that are no RDF, as N-Triples.

Both are read by kgml itself: what the library for them gets wrong is in docs/DEPENDENCIES.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.parse import emit, formats, owlfunctional, owlxml, safety
from kgml.kg.parse.namespaces import Declare, ignore
from kgml.kg.parse.owlmapping import RULES, Form, MalformedError, Mapping
from kgml.progress import warn


def ntriples(
    path: Path, name: str, config: GraphConfig, declare: Declare = ignore
) -> Iterator[bytes]:
    """The axioms of an ontology as blocks of N-Triples, by the OWL 2 mapping to RDF graphs.

    Args:
        path: a file in functional syntax or OWL/XML, told apart by its first character.
        name: of the file, below what the user gave; part of the base of relative IRIs.
        config: limits.
        declare: is told the prefixes of the file when all of it is read.

    Raises:
        OntologyError: malformed, truncated, unsafe or nested too deep.
        UnicodeDecodeError: functional syntax that is not UTF-8.
    """
    nodes = emit.Nodes(path)
    yield from emit.blocks(_triples(path, name, config, nodes))
    declare(nodes.prefixes)


def _triples(path: Path, name: str, config: GraphConfig, nodes: emit.Nodes) -> Iterator[ox.Triple]:
    mapping = Mapping(nodes)
    rules = 0
    if _is_xml(path):
        safety.check_xml(path, formats.OWLXML)
        forms = owlxml.forms(path, name, config, nodes)
    else:
        forms = owlfunctional.forms(path, name, config, nodes)
    for form, line in forms:
        if form.name == "Ontology":
            yield from mapping.begin(*_about(form))
        elif form.name in RULES:
            rules += 1
        else:
            try:
                yield from mapping.axiom(form)
            except MalformedError as error:
                raise OntologyError(
                    f"{path}, line {line:,}: found {error}. Correct it, or export the file again."
                ) from None
    if rules:
        warn(f"{name}: {rules:,} rule{'s' * (rules != 1)} left out; SWRL is no part of OWL 2")


def _is_xml(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(formats.HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def _about(form: Form) -> tuple[ox.NamedNode | None, ox.NamedNode | None]:
    iris = [iri for iri in form.arguments if isinstance(iri, ox.NamedNode)]
    return (iris[0] if iris else None, iris[1] if len(iris) > 1 else None)
