"""Which of a thing's texts is its label, which are synonyms, which one is its definition.

Language: the wanted one, then none given, then any other (in the order of the tags).
"""

from __future__ import annotations

from typing import Any

from kgml.kg import vocabulary as v
from kgml.kg.collected import Collected
from kgml.kg.rdf import Texts, Triples


def read_words(triples: Triples, collected: Collected) -> None:
    """Move labels, synonyms, definitions, deprecation and headers of all RDF files over."""
    abbreviations = _abbreviations(triples, collected)
    for predicate, rank in v.LABELS.items():
        for number, language, text in _values(predicate, triples, collected):
            collected.labels.append((number, rank, language, text))
    for predicate, given in v.SYNONYMS.items():
        for number, language, text in _values(predicate, triples, collected):
            scope = v.Scope.ABBREVIATION if (number, text) in abbreviations else given
            collected.synonyms.append((number, scope, language, text))
    definitions = {p: r for p, r in v.DEFINITIONS.items() if triples.texts(p)}
    comments = triples.texts(v.COMMENT)
    if not definitions:
        definitions = {v.COMMENT: 3}
    else:
        collected.dropped["annotation"] += len(comments)
    for predicate, rank in definitions.items():
        for number, language, text in _values(predicate, triples, collected):
            collected.definitions.append((number, rank, language, text))
    for number, literal in triples.texts(v.DEPRECATED):
        if number >= 0 and literal.value.strip().lower() in ("true", "1"):
            collected.obsolete.add(number)
    _headers(triples, collected)


def _values(predicate: str, triples: Triples, collected: Collected) -> list[tuple[int, str, str]]:
    """Subject, lower-case language tag or "", text; SKOS-XL labels are looked through."""
    clean = collected.clean
    texts: Texts = triples.texts(predicate)
    if predicate.startswith(v.SKOSXL):
        forms: dict[int, list[Any]] = {}
        for resource, literal in triples.texts(v.LITERAL_FORM):
            forms.setdefault(resource, []).append(literal)
        flat = triples.links(predicate)
        for subject, resource in zip(flat[::2], flat[1::2], strict=True):
            texts = texts + [(subject, literal) for literal in forms.get(resource, ())]
    found = [(n, (t.language or "").lower(), clean(t.value)) for n, t in texts if n >= 0]
    return [row for row in found if row[2]]


def _abbreviations(triples: Triples, collected: Collected) -> set[tuple[int, str]]:
    """(entity, text) of the synonyms that an owl:Axiom marks as abbreviation or acronym."""
    flat = triples.links(v.SYNONYM_TYPE)
    marked = {
        axiom
        for axiom, kind in zip(flat[::2], flat[1::2], strict=True)
        if kind >= 0 and is_abbreviation(collected.iris[kind])
    }
    marked |= {a for a, text in triples.texts(v.SYNONYM_TYPE) if is_abbreviation(text.value)}
    if not marked:
        return set()
    flat = triples.links(v.ANNOTATED_SOURCE)
    source = dict(zip(flat[::2], flat[1::2], strict=True))
    return {
        (source[axiom], collected.clean(text.value))
        for axiom, text in triples.texts(v.ANNOTATED_TARGET)
        if axiom in marked and axiom in source
    }


def is_abbreviation(synonym_type: str) -> bool:
    """Whether an OBO synonym type, or its IRI, names abbreviations.

    >>> is_abbreviation("http://purl.obolibrary.org/obo/hp#abbreviation")
    True
    """
    name = iri_end(synonym_type)
    lower = name.lower()
    return "abbreviat" in lower or "acronym" in lower or name in v.ABBREVIATION_TYPES


def iri_end(iri: str) -> str:
    """What stands after the last ``#``, ``/`` or ``:``; the whole if that is empty.

    >>> iri_end("https://example.org/finance/Bond/")
    'Bond'
    """
    short = iri.rstrip("#/:")
    for mark in "#/:":
        short = short.rpartition(mark)[2]
    return short or iri


def _headers(triples: Triples, collected: Collected) -> None:
    """One row per declared ontology: IRI, version, licence, title, file name."""
    kinds = {collected.numbers[iri] for iri in v.ONTOLOGY_TYPES if iri in collected.numbers}
    starts = [start for _, start in triples.files]
    flat = triples.links(v.TYPE)
    fields = {
        "version": _header_values(v.ONTOLOGY_VERSION, triples, collected),
        "licence": _header_values(v.ONTOLOGY_LICENCE, triples, collected),
        "title": _header_values(v.ONTOLOGY_TITLE, triples, collected),
    }
    file = 0
    for position in range(0, len(flat), 2):
        while file + 1 < len(starts) and starts[file + 1] <= position:
            file += 1
        subject, kind = flat[position], flat[position + 1]
        if kind in kinds and subject >= 0:
            row = {"iri": collected.iris[subject], "file": triples.files[file][0]}
            row |= {field: values.get(subject, "") for field, values in fields.items()}
            collected.ontologies.append(row)


def _header_values(ranks: dict[str, int], triples: Triples, collected: Collected) -> dict[int, str]:
    """Best value per subject: lowest rank, then an address, then the smallest text."""
    best: dict[int, tuple[int, bool, str]] = {}
    for predicate, rank in ranks.items():
        flat = triples.links(predicate)
        rows = [
            (s, collected.iris[o]) for s, o in zip(flat[::2], flat[1::2], strict=True) if o >= 0
        ]
        rows += [(number, collected.clean(t.value)) for number, t in triples.texts(predicate)]
        for subject, text in rows:
            best[subject] = min(
                best.get(subject, (9, True, "")), (rank, "://" not in text[:9], text)
            )
    return {subject: text for subject, (_, _, text) in best.items()}
