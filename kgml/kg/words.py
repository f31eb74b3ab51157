"""Which literals of RDF files are labels, synonyms, definitions and notes, and what else they say.

Columns of whole predicates are moved over; no word is looked at on its own.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kgml.kg import vocabulary as v
from kgml.kg.arrow import column, strings
from kgml.kg.collected import Collected, WordColumns
from kgml.kg.parse.blocks import Ints
from kgml.kg.parse.rdf import Triples

_IRI = re.compile(r"(?:https?|urn):\S+\Z")
_CURIE = re.compile(r"([A-Za-z][A-Za-z0-9.-]*):([A-Za-z0-9_-]+)\Z")


def read_words(triples: Triples, collected: Collected, *, xrefs: bool = False) -> None:
    """Move labels, synonyms, definitions, notes, deprecation and headers of all RDF files over.

    ``xrefs``: whether cross-references are asked for as pairs too, for merging by them.
    """
    languages = _languages(triples, collected)
    for predicate, rank in v.LABELS.items():
        collected.label_columns += _columns(predicate, rank, triples, languages)
    _synonyms(triples, collected, languages)
    for predicate, rank in (*v.DEFINITIONS.items(), (v.COMMENT, 0)):
        found = _columns(predicate, rank, triples, languages)
        found += _columns(predicate, rank, triples, languages, v.VALUE)
        if predicate == v.COMMENT:
            collected.comment_columns += found
        else:
            collected.definition_columns += found
    _count_empty(triples, collected)
    _xrefs(triples, collected)
    _retired(triples, collected)
    _same(triples, collected, xrefs)
    _headers(triples, collected)


def _languages(triples: Triples, collected: Collected) -> NDArray[np.int32]:
    """Number of the language of each suffix; that of none for plain and typed literals."""
    known = collected.languages
    return np.array(
        [known.setdefault(s[1:].partition("--")[0].lower() if s[:1] == "@" else "", len(known))
         for s in triples.suffixes],
        dtype=np.int32,
    )  # fmt: skip


def _columns(
    predicate: str, rank: int, triples: Triples, languages: NDArray[np.int32], held: str = ""
) -> list[WordColumns]:
    """The words of one predicate.

    Args:
        held: the predicate that gives the text of a resource, if those are to be looked through;
            for SKOS-XL labels it is known.
    """
    if predicate.startswith(v.SKOSXL):
        held = v.LITERAL_FORM
    number, text, suffix = _held(predicate, held, triples) if held else triples.texts(predicate)
    if not len(number):
        return []
    return [WordColumns(number, rank, languages[suffix], text)]


def _held(predicate: str, held: str, triples: Triples) -> tuple[Ints, pa.Array, Ints]:
    """Subjects, texts and suffixes of a predicate whose objects are resources that hold a text."""
    subject, resource, _ = triples.links(predicate)
    owner, text, suffix = triples.texts(held)
    order = np.argsort(owner, kind="stable")
    sorted_owner = owner[order]
    start = np.searchsorted(sorted_owner, resource, side="left")
    stop = np.searchsorted(sorted_owner, resource, side="right")
    counts = stop - start
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = order[np.repeat(start, counts) + offsets]
    return np.repeat(subject, counts), text.take(column(rows)), suffix[rows]


def _count_empty(triples: Triples, collected: Collected) -> None:
    """Count the resources given as a definition or comment that hold no text."""
    owner = np.unique(triples.texts(v.VALUE)[0])
    for predicate in v.STRUCTURED:
        resource = triples.links(predicate)[1]
        collected.dropped["annotation"] += int((~np.isin(resource, owner)).sum())


def _synonyms(triples: Triples, collected: Collected, languages: NDArray[np.int32]) -> None:
    abbreviations = _abbreviations(triples, collected)
    for predicate, scope in v.SYNONYMS.items():
        found = _columns(predicate, scope, triples, languages)
        collected.synonym_columns += found
        for words in found if abbreviations else ():
            marked = [
                i for i, pair in enumerate(zip(words.number.tolist(), words.text.to_pylist(), strict=True))
                if pair in abbreviations
            ]  # fmt: skip
            if marked:
                collected.synonym_columns.append(
                    WordColumns(
                        words.number[marked], v.Scope.ABBREVIATION, words.language[marked],
                        words.text.take(column(np.array(marked))),
                    )
                )  # fmt: skip


def _abbreviations(triples: Triples, collected: Collected) -> set[tuple[int, str]]:
    """(entity, text) of the synonyms that an owl:Axiom marks as abbreviation or acronym."""
    axioms, kinds, _ = triples.links(v.SYNONYM_TYPE)
    iris = collected.iris()
    meaning = {kind for kind in set(kinds.tolist()) if kind >= 0 and is_abbreviation(iris[kind])}
    marked = set(axioms[np.isin(kinds, list(meaning))].tolist())
    axioms, texts, _ = triples.texts(v.SYNONYM_TYPE)
    marked.update(
        a for a, text in zip(axioms.tolist(), texts.to_pylist(), strict=True)
        if is_abbreviation(text)
    )  # fmt: skip
    if not marked:
        return set()
    axioms, sources, _ = triples.links(v.ANNOTATED_SOURCE)
    source = dict(zip(axioms.tolist(), sources.tolist(), strict=True))
    axioms, targets, _ = triples.texts(v.ANNOTATED_TARGET)
    return {
        (source[axiom], text)
        for axiom, text in zip(axioms.tolist(), targets.to_pylist(), strict=True)
        if axiom in marked and axiom in source
    }


def is_abbreviation(synonym_type: str) -> bool:
    """Whether an OBO synonym type, or its IRI, names abbreviations.

    >>> is_abbreviation("http://purl.obolibrary.org/obo/hp#abbreviation")
    True
    """
    name = iri_end(synonym_type)
    lower = name.lower()
    known = bool(v.ABBREVIATION_TYPES & {name, synonym_type})  # an IRI's end, or OMO:0003000 whole
    return known or "abbreviat" in lower or "acronym" in lower


def iri_end(iri: str) -> str:
    """What stands after the last ``#``, ``/`` or ``:``; the whole if that is empty.

    >>> iri_end("https://example.org/finance/Bond/")
    'Bond'
    """
    short = iri.rstrip("#/:")
    for mark in "#/:":
        short = short.rpartition(mark)[2]
    return short or iri


def _retired(triples: Triples, collected: Collected) -> None:
    """What is deprecated, what is in its place, and secondary identifiers."""
    numbers, texts, _ = triples.texts(v.DEPRECATED)
    for number, text in zip(numbers.tolist(), texts.to_pylist(), strict=True):
        if number >= 0 and text.strip().lower() in ("true", "1"):
            collected.obsolete.add(number)
    for predicate in v.REPLACED:
        old, new, _ = triples.links(predicate)
        collected.replaced.update(
            (a, b) for a, b in zip(old.tolist(), new.tolist(), strict=True) if a >= 0 and b >= 0
        )
    numbers, texts, _ = triples.texts(v.REPLACED_BY)
    for number, text in zip(numbers.tolist(), texts.to_pylist(), strict=True):
        known = collected.numbers.get(obo_iri(text.strip()) or text.strip())
        if number >= 0 and known is not None:
            collected.replaced[number] = known
    numbers, texts, _ = triples.texts(v.ALTERNATIVE_ID)
    for number, text in zip(numbers.tolist(), texts.to_pylist(), strict=True):
        iri = obo_iri(text.strip())
        if number >= 0 and iri:
            old_number = collected.number(iri)
            collected.ids.setdefault(old_number, text.strip())
            collected.replaced.setdefault(old_number, number)


def _same(triples: Triples, collected: Collected, xrefs: bool) -> None:
    """Pairs that a mapping or a cross-reference calls the same; used only if asked to merge."""
    collected.same += _linked(v.SAME_AS, triples)
    collected.matches += _linked(v.EXACT_MATCH, triples)
    if not xrefs:
        return
    collected.xrefs += _linked(v.XREF, triples)
    numbers, texts, _ = triples.texts(v.XREF)
    for number, text in zip(numbers.tolist(), texts.to_pylist(), strict=True):
        # all files are read: an IRI without a number names no entity
        other = collected.numbers.get(xref_iri(text) or "")
        if number >= 0 and other is not None:
            collected.xrefs.append((number, other))


def _xrefs(triples: Triples, collected: Collected) -> None:
    """Cross-references of entities, written as texts or as IRIs; those of axioms are counted."""
    number, text, _ = triples.texts(v.XREF)
    subject, value, _ = triples.links(v.XREF)
    named, iris = value >= 0, collected.iris()
    for owner, texts in (
        (number, text),
        (subject[named], strings(iris[n] for n in value[named].tolist())),
    ):
        collected.dropped["xref of an axiom"] += int((owner < 0).sum())
        untagged = np.zeros(len(owner), dtype=np.int32)
        collected.xref_columns.append(WordColumns(owner, 0, untagged, texts))


def _linked(predicate: str, triples: Triples) -> list[tuple[int, int]]:
    """(subject, object) of a predicate, blank nodes left out."""
    left, right, _ = triples.links(predicate)
    named = (left >= 0) & (right >= 0)
    return list(zip(left[named].tolist(), right[named].tolist(), strict=True))


def xref_iri(xref: str) -> str | None:
    """The IRI that a cross-reference names, as a CURIE or as it is; None for anything else.

    >>> xref_iri("HP:2"), xref_iri("https://example.org/a"), xref_iri("see there")
    ('http://purl.obolibrary.org/obo/HP_2', 'https://example.org/a', None)
    """
    text = xref.strip()
    return text if _IRI.match(text) else obo_iri(text)


def obo_iri(curie: str) -> str | None:
    """The IRI of an OBO identifier, None for anything else.

    >>> obo_iri("MESH:D003920")
    'http://purl.obolibrary.org/obo/MESH_D003920'
    """
    match = _CURIE.match(curie)
    if match is None or curie.startswith(("http:", "https:", "urn:")):
        return None
    prefix, local = match.groups()
    return v.PREFIXES.get(prefix, f"{v.OBO}{prefix}_") + local


def _headers(triples: Triples, collected: Collected) -> None:
    """One row per declared ontology: IRI, version, licence, title, file name."""
    iris = collected.iris()
    kinds = [collected.numbers[iri] for iri in v.ONTOLOGY_TYPES if iri in collected.numbers]
    subject, kind, file = triples.links(v.TYPE)
    chosen = np.isin(kind, kinds) & (subject >= 0)
    fields = {
        "version": _header_values(v.ONTOLOGY_VERSION, triples, collected),
        "licence": _header_values(v.ONTOLOGY_LICENCE, triples, collected),
        "title": _header_values(v.ONTOLOGY_TITLE, triples, collected),
    }
    for number, origin in zip(subject[chosen].tolist(), file[chosen].tolist(), strict=True):
        row = {"iri": iris[number], "file": collected.files[origin]}
        row |= {field: values.get(number, "") for field, values in fields.items()}
        collected.ontologies.append(row)


def _header_values(ranks: dict[str, int], triples: Triples, collected: Collected) -> dict[int, str]:
    """Best value per ontology: lowest rank, then an address, then the smallest text."""
    best: dict[int, tuple[int, bool, str]] = {}
    iris = collected.iris()
    kinds = [collected.numbers[iri] for iri in v.ONTOLOGY_TYPES if iri in collected.numbers]
    subject, kind, _ = triples.links(v.TYPE)
    wanted = np.unique(subject[np.isin(kind, kinds)])
    for predicate, rank in ranks.items():
        numbers, values, _ = triples.links(predicate)
        chosen = np.isin(numbers, wanted) & (values >= 0)
        rows = [
            (s, iris[o]) for s, o in zip(numbers[chosen].tolist(), values[chosen].tolist(), strict=True)
        ]  # fmt: skip
        numbers, texts, _ = triples.texts(predicate)
        place = np.flatnonzero(np.isin(numbers, wanted))
        rows += [(int(numbers[i]), collected.clean(texts[int(i)].as_py())) for i in place]
        for number, text in rows:
            found = best.get(number, (9, True, ""))
            best[number] = min(found, (rank, "://" not in text[:9], text))
    return {number: text for number, (_, _, text) in best.items()}
