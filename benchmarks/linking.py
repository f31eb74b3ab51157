"""How well and how fast texts are linked, beside a plain dictionary, dense search and two peers.

    python benchmarks/linking.py [--data hpo_gsc_plus] [--split test] [--only NAME ...]
                                 [--peers DIR ...] [--shared DIR] [--json]

HPO's phenotypic abnormalities in the GSC+ abstracts, or MeSH's diseases in NCBI disease. Scores are
those of ``kgml link --gold``: a mention is right when it overlaps a gold mention and its first
entity is the gold one (Groza et al. 2015; Lobo et al. 2017); per document, sets of entities. Gold
identifiers that the ontology does not have count as missed. Options are tuned on the dev parts.

``linker``: kgml as it comes. ``nested``: with ``nested = true``, which reports a mention within
another one too, as GSC+ marks them (a fifth of its mentions) and as both peers' and PhenoTagger's
defaults do for HPO. ``dictionary``: the exact stage alone. ``dense``: the dictionary and
``[linking] encoder``, which is the unadapted one or ``--encoder DIR``, from a cosine of .9 on; its
accuracy at 1 is the nearest form to each gold mention. ``linker, dense``: the linker and that.
``fasthpocr``: FastHPOCR (Groza et al. 2024), HPO only, as it comes, and ``fasthpocr, longest``.
``gilda``: gilda's annotator (Gyori et al. 2022) with a grounder of the same forms. Peers that are
not installed are left out with a word; ``--peers`` names folders they were installed to
(``pip install --target DIR fasthpocr pronto``; ``pip install --target DIR gilda``).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from kgml.config import EncoderConfig, LinkingConfig
from kgml.data.annotations import Annotation, read_gold
from kgml.encoders.text import TextEncoder
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.linking.dense import Nearest
from kgml.linking.gold import Names, accuracy_at_1, branches
from kgml.linking.linker import EntityLinker
from kgml.linking.scores import Span, compare, predictions

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
MESH_DISEASES = """
D007239 D009369 D009140 D004066 D009057 D012140 D010038 D009422 D005128 D000091642 D002318 D006425
D009358 D017437 D009750 D004700 D007154 D007280 D013568 D064419 D014947 D001523
"""
SETS = {
    "hpo_gsc_plus": ("hpo/hp.obo", ["HP:0000118"]),
    "ncbi_disease": (
        "mesh/mesh_descriptors.obo", [f"MESH:{name}" for name in MESH_DISEASES.split()]
    ),
}  # fmt: skip
"""Ontology of each data set, and the roots of the branches that are linked."""
PLAIN = LinkingConfig()
Spans = list[list[Span]]


class Task(NamedTuple):
    """What is linked to what."""

    data: str
    ontology: Path
    graph: KnowledgeGraph
    entities: list[int]
    texts: list[str]
    gold: list[list[Annotation]]
    spans: Spans
    """The gold mentions with entity numbers."""
    encoder: str = EncoderConfig.model
    """Of dense search."""


class Built(NamedTuple):
    """A contestant that is ready: all texts at once, and its accuracy at 1 if that is asked."""

    link: Callable[[Sequence[str]], Spans]
    accuracy: Callable[[], float] | None = None


def task(data: str, shared: Path, split: str, encoder: str = EncoderConfig.model) -> Task:
    """Read ontology and gold."""
    path, roots = SETS[data]
    graph = load_graph(shared / "ontologies" / path)
    texts, gold = read_gold(shared / "linking" / data / "data.jsonl", split)
    names = Names(graph)
    spans = [[Span(m.start, m.end, names.entities(m.id)) for m in row] for row in gold]
    return Task(
        data, shared / "ontologies" / path, graph, branches(graph, roots), texts, gold, spans,
        encoder,
    )  # fmt: skip


def kgml(case: Task, config: LinkingConfig) -> Built:
    """An `EntityLinker`."""
    linker = EntityLinker.from_graph(case.graph, config, case.entities)
    return Built(
        lambda texts: [predictions(mentions) for mentions in linker.link(texts)],
        lambda: accuracy_at_1(linker, case.texts, case.gold, case.spans),
    )


def forms_of(case: Task) -> list[tuple[str, int]]:
    """The labels and synonyms that may be linked."""
    forms, wanted = case.graph.forms, set(case.entities)
    return [
        (text, entity)
        for text, entity in zip(forms.text, forms.entity.tolist(), strict=True)
        if entity in wanted
    ]


def dense(case: Task) -> Built:
    """The dictionary and, for spans it leaves, the nearest form by a text encoder."""
    linked = kgml(case, replace(PLAIN, variants=False, encoder=case.encoder))
    nearest = Nearest(
        [(text, entity, 0) for text, entity in forms_of(case)], TextEncoder(case.encoder)
    )

    def accuracy() -> float:
        found = nearest.find([m.text.lower() for row in case.gold for m in row])
        pairs = [(m, s) for row, spans in zip(case.gold, case.spans, strict=True)
                 for m, s in zip(row, spans, strict=True)]  # fmt: skip
        right = sum(nearest.owners[found[m.text.lower()].row][0][1] in s.entities for m, s in pairs)
        return round(right / max(1, len(pairs)), 4)

    return Built(linked.link, accuracy)


@cache
def annotator(ontology: Path) -> Any:
    """FastHPOCR with its index, which takes minutes."""
    from FastHPOCR.HPOAnnotator import HPOAnnotator
    from FastHPOCR.IndexHPO import IndexHPO

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        IndexHPO(str(ontology), folder).index()
        return HPOAnnotator(str(Path(folder) / "hp.index"))


def fasthpocr(case: Task, longest: bool) -> Built | None:
    """FastHPOCR's annotator; HPO only."""
    if case.data != "hpo_gsc_plus":
        return None
    found = annotator(case.ontology)
    names = Names(case.graph)
    return Built(
        lambda texts: [
            [
                Span(a.getStartOffset(), a.getEndOffset(), names.entities(a.getHPOUri()))
                for a in found.annotate(text, longest)
            ]
            for text in texts
        ]
    )


def gilda(case: Task) -> Built:
    """gilda's annotator over the same forms."""
    from gilda.grounder import Grounder
    from gilda.ner import annotate
    from gilda.process import normalize
    from gilda.term import Term

    grounder = Grounder(
        [
            Term(normalize(text), text, "kgml", str(entity), case.graph.labels[entity],
                 "name" if text == case.graph.labels[entity] else "synonym", "kgml")
            for text, entity in forms_of(case)
        ]
    )  # fmt: skip
    grounder.gilda_disambiguators = {}  # its models of ambiguous genes would be fetched
    return Built(
        lambda texts: [
            [
                Span(a.start, a.end, frozenset({int(a.matches[0].term.id)}))
                for a in annotate(text, grounder=grounder)
            ]
            for text in texts
        ]
    )


CONTESTANTS: dict[str, Callable[[Task], Built | None]] = {
    "dictionary": lambda case: kgml(case, replace(PLAIN, variants=False)),
    "linker": lambda case: kgml(case, PLAIN),
    "nested": lambda case: kgml(case, replace(PLAIN, nested=True)),
    "dense": dense,
    "linker, dense": lambda case: kgml(case, replace(PLAIN, encoder=case.encoder)),
    "nested, dense": lambda case: kgml(case, replace(PLAIN, nested=True, encoder=case.encoder)),
    "fasthpocr": lambda case: fasthpocr(case, longest=False),
    "fasthpocr, longest": lambda case: fasthpocr(case, longest=True),
    "gilda": gilda,
}


def run(case: Task, name: str) -> dict[str, Any] | None:
    """Scores and speed of one contestant; None where it is not for this data."""
    started = time.process_time()
    built = CONTESTANTS[name](case)
    if built is None:
        return None
    ready = time.process_time()
    linked = built.link(case.texts)  # the first time, so that what is remembered is warm below
    scores = compare(case.spans, linked)
    if built.accuracy is not None:
        scores["accuracy_at_1"] = built.accuracy()  # type: ignore[assignment]
    again = time.process_time()
    built.link(case.texts)
    seconds = time.process_time() - again
    return {**scores, "build_seconds": round(ready - started, 2),
            "texts_per_second": round(len(case.texts) / seconds, 1)}  # fmt: skip


def show(name: str, row: dict[str, Any]) -> str:
    """One line of the table."""
    levels = "  ".join(
        f"{row[level]['precision']:.3f} {row[level]['recall']:.3f} {row[level]['f1']:.3f}"
        for level in ("mention", "document")
    )
    accuracy = f"{row['accuracy_at_1']:.3f}" if "accuracy_at_1" in row else "    -"
    errors = "  ".join(f"{count:5}" for count in row["errors"].values())
    return (f"{name:19} {levels}  {accuracy}  {errors}  {row['texts_per_second']:9,.1f}"
            f"  {row['build_seconds']:7.2f}")  # fmt: skip


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=list(SETS), default="hpo_gsc_plus")
    parser.add_argument("--split", choices=["train", "dev", "test"], default="test")
    parser.add_argument("--only", nargs="*", choices=list(CONTESTANTS), default=list(CONTESTANTS))
    parser.add_argument("--encoder", default=EncoderConfig.model, help="of dense search")
    parser.add_argument("--peers", type=Path, nargs="*", default=[], help="folders to import from")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of the shared data")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sys.path += [str(folder.resolve()) for folder in options.peers]
    case = task(options.data, options.shared, options.split, options.encoder)
    print(f"{case.data}, {options.split}: {len(case.texts)} documents, "
          f"{sum(map(len, case.gold)):,} mentions\n{'':19} {'mention P, R, F1':17}  "
          f"{'document P, R, F1':17}  acc@1  bound  sense  missed  spur.    texts/s  built s",
          file=sys.stderr)  # fmt: skip
    rows = {}
    for name in options.only:
        try:
            row = run(case, name)
        except ModuleNotFoundError as error:
            print(f"{name:19} left out: {error.name} is not installed", file=sys.stderr)
            continue
        if row is not None:
            rows[name] = row
            print(show(name, row), file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps({"data": case.data, "split": options.split, **rows}, indent=2))


if __name__ == "__main__":
    main()
