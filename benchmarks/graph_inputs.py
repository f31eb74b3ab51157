"""Made-up ontologies of any size, the same triples in Turtle, RDF/XML, N-Triples and as OBO.

    python benchmarks/graph_inputs.py FOLDER CLASSES [ENDING ...]

A class has a label in English, up to two exact synonyms, a definition (four in five), one or two
is-a parents, every other one an existential restriction, a comment (seven in ten) and up to three
cross-references: 9.2 triples on average. There are twelve object properties. Words are made of
stems and endings; some texts hold quotes, ampersands and letters outside ASCII. The same seed
writes the same bytes. Files are streamed: 20 million triples need no more memory than 20.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, TextIO

STEMS = (
    "aur bor brev cald cer clav cort cren cyst delt derm dors ect fasc ferr fibr flav fund gemm "
    "glob gran hal hedr horm lamin lent lig lun macr marg medi mer mont nod num oct orb palm ped "
    "perl pil plan por prim rad ram ret rub sacc scler ser sin sphen stell sulc tars tect torqu "
    "tub umbr und vel ventr vesp vit"
)
ENDINGS = (
    "a al ar ata ea ella en ena eous er eum ia ial ica ide iform ile ina ior is ism ite itis ium "
    "oid oma on osis ous ula um ura"
)
QUALIFIERS = (
    "abnormal absent acute anterior bilateral central chronic congenital decreased delayed diffuse "
    "distal early elevated focal generalised increased inherited irregular large lateral left "
    "long-term löss-like mild multiple narrow partial persistent posterior progressive proximal "
    "reduced right secondary severe short small sparse symmetric thick thin transient"
)
PROPERTIES = (
    "affects", "part of", "has part", "located in", "causes", "caused by", "precedes", "measures",
    "regulates", "occurs with", "derives from", "has quality",
)  # fmt: skip
PER_FILE = 1_000_000
"""Most classes of one file; more go into further files."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
OBO_IN_OWL = "http://www.geneontology.org/formats/oboInOwl#"
OBO = "http://purl.obolibrary.org/obo/"


class Class(NamedTuple):
    """One class; others are named by their number, so that nothing is kept of them."""

    number: int
    label: str
    synonyms: list[str]
    definition: str
    parents: list[int]
    restriction: tuple[int, int] | None
    """(property, class)"""
    comment: str
    xrefs: list[str]

    @property
    def triples(self) -> int:
        """How many triples it is written as."""
        texts = len(self.synonyms) + bool(self.definition) + bool(self.comment) + len(self.xrefs)
        return 2 + texts + len(self.parents) + (4 if self.restriction else 0)


def classes(count: int, seed: int = 0) -> Iterator[Class]:
    """``count`` classes; parents have a lower number, so the hierarchy has no cycle."""
    rng = random.Random(seed)
    draw, choices = rng.random, rng.choices
    words = [stem + ending for stem in STEMS.split() for ending in ENDINGS.split()]
    qualifiers = QUALIFIERS.split()

    def name() -> str:
        qualifier = choices(qualifiers)[0] + " " if draw() < 0.5 else ""
        return qualifier + " ".join(choices(words, k=2 + (draw() < 0.4)))

    for number in range(count):
        label = name()
        synonyms = list(dict.fromkeys(name() for _ in range(int(draw() * 3))))
        definition = ""
        if draw() < 0.8:
            definition = f"A {label} with {' '.join(choices(words, k=15))}."
            if draw() < 0.05:
                definition += f' The so-called "{label}" of R&D, < 2 cm.'
        nearest = min(number, 2000)
        parents = {number - 1 - int(draw() * nearest) for _ in range(1 + (draw() < 0.2)) if number}
        restriction = (int(draw() * len(PROPERTIES)), int(draw() * count)) if draw() < 0.5 else None
        comment = f"See also {name()}." if draw() < 0.7 else ""
        xrefs = [f"SRC:{int(draw() * 1e7):07d}" for _ in range(int(draw() * 4))]
        yield Class(
            number, label, synonyms, definition, sorted(parents), restriction, comment,
            list(dict.fromkeys(xrefs)),
        )  # fmt: skip


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def ntriples(c: Class) -> str:
    """The class in N-Triples; a restriction is a labelled blank node."""
    s = f"<{OBO}KGML_{c.number:07d}>"
    lines = [f"{s} <{RDF}type> <{OWL}Class> .", f'{s} <{RDFS}label> "{c.label}"@en .']
    lines += [f"{s} <{OBO_IN_OWL}hasExactSynonym> {_quoted(text)} ." for text in c.synonyms]
    if c.definition:
        lines.append(f"{s} <{OBO}IAO_0000115> {_quoted(c.definition)} .")
    lines += [f"{s} <{RDFS}subClassOf> <{OBO}KGML_{p:07d}> ." for p in c.parents]
    if c.restriction:
        node = f"_:r{c.number}"
        lines += [
            f"{s} <{RDFS}subClassOf> {node} .",
            f"{node} <{RDF}type> <{OWL}Restriction> .",
            f"{node} <{OWL}onProperty> <{OBO}KGML_p{c.restriction[0]}> .",
            f"{node} <{OWL}someValuesFrom> <{OBO}KGML_{c.restriction[1]:07d}> .",
        ]
    if c.comment:
        lines.append(f"{s} <{RDFS}comment> {_quoted(c.comment)} .")
    lines += [f"{s} <{OBO_IN_OWL}hasDbXref> {_quoted(text)} ." for text in c.xrefs]
    return "\n".join(lines) + "\n"


def turtle(c: Class) -> str:
    """The class in Turtle, with prefixes; a restriction is in brackets."""
    pairs = [f"obo:KGML_{c.number:07d} a owl:Class", f'rdfs:label "{c.label}"@en']
    pairs += [f"oboInOwl:hasExactSynonym {_quoted(text)}" for text in c.synonyms]
    if c.definition:
        pairs.append(f"obo:IAO_0000115 {_quoted(c.definition)}")
    pairs += [f"rdfs:subClassOf obo:KGML_{p:07d}" for p in c.parents]
    if c.restriction:
        pairs.append(
            "rdfs:subClassOf [ a owl:Restriction ; "
            f"owl:onProperty obo:KGML_p{c.restriction[0]} ; "
            f"owl:someValuesFrom obo:KGML_{c.restriction[1]:07d} ]"
        )
    if c.comment:
        pairs.append(f"rdfs:comment {_quoted(c.comment)}")
    pairs += [f"oboInOwl:hasDbXref {_quoted(text)}" for text in c.xrefs]
    return " ;\n    ".join(pairs) + " .\n\n"


def rdfxml(c: Class) -> str:
    """The class in RDF/XML, as OWL tools write it."""
    lines = [f'<owl:Class rdf:about="{OBO}KGML_{c.number:07d}">']
    lines.append(f'<rdfs:label xml:lang="en">{_xml(c.label)}</rdfs:label>')
    lines += [f"<oboInOwl:hasExactSynonym>{_xml(text)}</oboInOwl:hasExactSynonym>"
              for text in c.synonyms]  # fmt: skip
    if c.definition:
        lines.append(f"<obo:IAO_0000115>{_xml(c.definition)}</obo:IAO_0000115>")
    lines += [f'<rdfs:subClassOf rdf:resource="{OBO}KGML_{p:07d}"/>' for p in c.parents]
    if c.restriction:
        lines.append(
            "<rdfs:subClassOf><owl:Restriction>"
            f'<owl:onProperty rdf:resource="{OBO}KGML_p{c.restriction[0]}"/>'
            f'<owl:someValuesFrom rdf:resource="{OBO}KGML_{c.restriction[1]:07d}"/>'
            "</owl:Restriction></rdfs:subClassOf>"
        )
    if c.comment:
        lines.append(f"<rdfs:comment>{_xml(c.comment)}</rdfs:comment>")
    lines += [f"<oboInOwl:hasDbXref>{_xml(text)}</oboInOwl:hasDbXref>" for text in c.xrefs]
    return "\n    ".join(lines) + "\n</owl:Class>\n"


def obo(c: Class) -> str:
    """The class as an OBO stanza."""
    lines = ["[Term]", f"id: KGML:{c.number:07d}", f"name: {c.label}"]
    if c.definition:
        lines.append(f"def: {_quoted(c.definition)} []")
    if c.comment:
        lines.append(f"comment: {c.comment}")
    lines += [f"synonym: {_quoted(text)} EXACT []" for text in c.synonyms]
    lines += [f"xref: {text}" for text in c.xrefs]
    lines += [f"is_a: KGML:{p:07d}" for p in c.parents]
    if c.restriction:
        lines.append(f"relationship: KGML:p{c.restriction[0]} KGML:{c.restriction[1]:07d}")
    return "\n".join(lines) + "\n\n"


class Format(NamedTuple):
    """How one format writes a file: what comes first, a property, a class, what comes last."""

    head: str
    property: Callable[[int, str], str]
    body: Callable[[Class], str]
    foot: str = ""


NAMESPACES = {"rdf": RDF, "rdfs": RDFS, "owl": OWL, "oboInOwl": OBO_IN_OWL, "obo": OBO}
FORMATS = {
    "ttl": Format(
        "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in NAMESPACES.items()) + "\n",
        lambda n, label: f'obo:KGML_p{n} a owl:ObjectProperty ;\n    rdfs:label "{label}"@en .\n\n',
        turtle,
    ),
    "rdf": Format(
        '<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF'
        + "".join(f'\n    xmlns:{name}="{iri}"' for name, iri in NAMESPACES.items())
        + ">\n",
        lambda n, label: (
            f'<owl:ObjectProperty rdf:about="{OBO}KGML_p{n}">\n'
            f'    <rdfs:label xml:lang="en">{label}</rdfs:label>\n</owl:ObjectProperty>\n'
        ),
        rdfxml,
        "</rdf:RDF>\n",
    ),
    "nt": Format(
        "",
        lambda n, label: (
            f"<{OBO}KGML_p{n}> <{RDF}type> <{OWL}ObjectProperty> .\n"
            f'<{OBO}KGML_p{n}> <{RDFS}label> "{label}"@en .\n'
        ),
        ntriples,
    ),
    "obo": Format(
        "format-version: 1.4\nontology: kgml\n\n",
        lambda n, label: f"[Typedef]\nid: KGML:p{n}\nname: {label}\n\n",
        obo,
    ),
}
"""File ending to format."""


class Written(NamedTuple):
    """What `write` left: files per ending and the number of triples (an OBO file has none)."""

    files: dict[str, list[Path]]
    triples: int


def write(folder: Path, count: int, endings: Sequence[str], seed: int = 0) -> Written:
    """Stream ``count`` classes into ``folder``; what is there already is not written again."""
    # files that another edition of this module wrote are not taken for its own
    edition = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    target = folder / f"{count}-classes-seed-{seed}-{edition}"
    missing = [ending for ending in endings if not (target / f"{ending}.json").is_file()]
    if missing:
        target.mkdir(parents=True, exist_ok=True)
        # written beside and moved, reports last: another run may want the same files
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            _write(Path(beside), count, missing, seed)
            for path in sorted(Path(beside).iterdir(), key=lambda path: path.suffix == ".json"):
                os.replace(path, target / path.name)
    reports = {e: json.loads((target / f"{e}.json").read_text()) for e in endings}
    files = {e: [target / name for name in report["files"]] for e, report in reports.items()}
    return Written(files, reports[endings[0]]["triples"])


def _write(target: Path, count: int, endings: Sequence[str], seed: int) -> None:
    names: dict[str, list[str]] = {ending: [] for ending in endings}
    triples = 2 * len(PROPERTIES)
    source = classes(count, seed)
    for first in range(0, count, PER_FILE):
        with ExitStack() as stack:
            streams = {}
            for ending in endings:
                name = f"part-{first // PER_FILE}.{ending}"
                names[ending].append(name)
                streams[ending] = stack.enter_context(_open(target / name))
                _start(streams[ending], FORMATS[ending], first == 0)
            for _ in range(min(PER_FILE, count - first)):
                one = next(source)
                triples += one.triples
                for ending, stream in streams.items():
                    stream.write(FORMATS[ending].body(one))
            for ending, stream in streams.items():
                stream.write(FORMATS[ending].foot)
    for ending in endings:
        report = {"files": names[ending], "triples": triples}
        (target / f"{ending}.json").write_text(json.dumps(report))


def _open(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20)


def _start(stream: TextIO, kind: Format, properties: bool) -> None:
    stream.write(kind.head)
    for number, label in enumerate(PROPERTIES if properties else ()):
        stream.write(kind.property(number, label))


def chain(path: Path, depth: int) -> Path:
    """N-Triples of ``depth`` + 1 classes, each but the first below the one before it."""
    with _open(path) as stream:
        for n in range(depth + 1):
            parents = [n - 1] if n else []
            stream.write(ntriples(Class(n, f"link {n}", [], "", parents, None, "", [])))
    return path


def check(folder: Path, count: int = 500) -> None:
    """Make sure that Turtle, RDF/XML and N-Triples hold the same triples, blank nodes included.

    Raises:
        ValueError: they do not, and no comparison between formats would mean anything.
    """
    import pyoxigraph as ox

    kinds = {"ttl": ox.RdfFormat.TURTLE, "rdf": ox.RdfFormat.RDF_XML, "nt": ox.RdfFormat.N_TRIPLES}
    written = write(folder, count, list(kinds))
    found = []
    for ending, kind in kinds.items():
        graph = ox.Dataset(ox.parse(path=str(written.files[ending][0]), format=kind))
        graph.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
        found.append({str(triple) for triple in graph})
    if any(len(triples) != written.triples or triples != found[0] for triples in found):
        raise ValueError(f"{list(kinds)} differ: {[len(triples) for triples in found]} triples")


def main() -> None:
    """Write files by hand, for a profiler for instance."""
    folder, count, *endings = sys.argv[1:]
    written = write(Path(folder), int(count), endings or list(FORMATS))
    print(f"{written.triples:,} triples")
    for file in (file for files in written.files.values() for file in files):
        print(f"{file.stat().st_size / 1e6:8.1f} MB  {file}")


if __name__ == "__main__":
    main()
