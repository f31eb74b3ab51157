"""How fast surface forms are found in texts, beside flashtext and spaCy's PhraseMatcher.

    python benchmarks/linking_speed.py [--shared DIR] [--forms 50000] [--parts 10] [--json]

Forms are those of HPO and DOID together, a sample of 50,000 drawn by a fixed seed; texts are the
abstracts of medical_abstracts and Ohsumed. Each contestant runs in a fresh process, one after the other, on one
thread: it builds its table and passes once over the texts, cut into ``--parts``, so that no text is
seen twice; the first part warms up. Reported are MB of UTF-8 per second of processor time over the
other parts, in brackets the slowest and the fastest part, all forms found, and the seconds that
building took, folding or tokenising beforehand included. Peers that are not installed are left out
with a word: ``pip install flashtext spacy``.

``dictionary``: the exact stage of kgml, folding included, with candidates and their reasons.
``dictionary, folded``: the same on texts that are folded already, as the whole linker shares it.
``words``: of that the automaton alone: spans of any overlap that may be a form, without plurals.
``flashtext``: ``extract_keywords``, any case. ``PhraseMatcher``: attribute LOWER, on texts that are
tokenised already; ``PhraseMatcher, tokenising``: from the text. ``linker``: all stages of kgml on
all forms of the two ontologies, in abstracts per second.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
ONTOLOGIES = ("hpo/hp.obo", "doid/doid_assembled.obo")
TEXTS = ("medical_abstracts", "ohsumed_single23")
SEED = 0
Pass = Callable[[list[Any]], int]
"""Goes over prepared texts and returns how many forms it found."""


def texts_of(shared: Path) -> list[str]:
    """The abstracts."""
    found: list[str] = []
    for name in TEXTS:
        with (shared / "labels" / name / "data.csv").open(encoding="utf-8", newline="") as rows:
            found += [row["text"] for row in csv.DictReader(rows)]
    return found


def graph_of(shared: Path) -> Any:
    """HPO and DOID as one graph."""
    from kgml.kg.load import load_graph

    return load_graph([shared / "ontologies" / path for path in ONTOLOGIES])


def sample(shared: Path, count: int) -> list[list[Any]]:
    """Rows of form, entity, scope of ``count`` forms that differ in lower case."""
    forms = graph_of(shared).forms
    rows: dict[str, list[Any]] = {}
    for row in zip(forms.text, forms.entity.tolist(), forms.scope.tolist(), strict=True):
        rows.setdefault(row[0].lower(), list(row))
    return [rows[key] for key in random.Random(SEED).sample(sorted(rows), min(count, len(rows)))]


def dictionary(forms: list[list[Any]], texts: list[str], folded: bool) -> tuple[list[Any], Pass]:
    """kgml's exact stage."""
    from kgml.linking.dictionary import Dictionary
    from kgml.linking.fold import fold

    table = Dictionary(*([row[i] for row in forms] for i in range(3)))
    if folded:
        return [fold(text) for text in texts], lambda rows: sum(len(table.find(r)) for r in rows)
    return list(texts), lambda rows: sum(len(table.find(fold(row))) for row in rows)


def words(forms: list[list[Any]], texts: list[str]) -> tuple[list[Any], Pass]:
    """kgml's matcher of whole words."""
    from kgml.linking.fold import fold
    from kgml.linking.match import WordMatcher

    matcher = WordMatcher(sorted({fold(form).lower for form, _, _ in forms}))
    return [fold(text).words for text in texts], lambda rows: sum(
        sum(1 for _ in matcher.find(row)) for row in rows
    )


def flashtext(forms: list[list[Any]], texts: list[str]) -> tuple[list[Any], Pass]:
    """FlashText (Singh 2017)."""
    from flashtext import KeywordProcessor

    processor = KeywordProcessor(case_sensitive=False)
    for form, entity, _ in forms:
        processor.add_keyword(form, str(entity))
    return list(texts), lambda rows: sum(
        len(processor.extract_keywords(row, span_info=True)) for row in rows
    )


def phrase_matcher(
    forms: list[list[Any]], texts: list[str], tokenising: bool
) -> tuple[list[Any], Pass]:
    """spaCy's dictionary."""
    import spacy
    from spacy.matcher import PhraseMatcher

    nlp = spacy.blank("en")
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    for form, entity, _ in forms:
        matcher.add(str(entity), [nlp.make_doc(form)])
    if tokenising:
        return list(texts), lambda rows: sum(len(matcher(nlp.make_doc(row))) for row in rows)
    return [nlp.make_doc(text) for text in texts], lambda rows: sum(len(matcher(r)) for r in rows)


CONTESTANTS: dict[str, Callable[[list[list[Any]], list[str]], tuple[list[Any], Pass]]] = {
    "dictionary": lambda forms, texts: dictionary(forms, texts, folded=False),
    "dictionary, folded": lambda forms, texts: dictionary(forms, texts, folded=True),
    "words": words,
    "flashtext": flashtext,
    "PhraseMatcher": lambda forms, texts: phrase_matcher(forms, texts, tokenising=False),
    "PhraseMatcher, tokenising": lambda forms, texts: phrase_matcher(forms, texts, tokenising=True),
}


def linker(shared: Path, texts: list[str], parts: int) -> dict[str, Any]:
    """All stages."""
    from kgml.linking.linker import EntityLinker

    graph = graph_of(shared)
    started = time.process_time()
    whole = EntityLinker.from_graph(graph)
    built = time.process_time() - started
    return measured(texts, lambda rows: sum(map(len, whole.link(rows))), texts, parts, built)


def measured(
    prepared: list[Any], once: Pass, texts: list[str], parts: int, built: float
) -> dict[str, Any]:
    """Rates of ``once`` over ``prepared``, the texts as it wants them."""
    seconds, sizes, found, count = [], [], 0, 0
    for part in range(parts):  # every tenth text: parts alike
        started = time.process_time()
        hits = once(prepared[part::parts])
        passed = time.process_time() - started
        if part:
            rows = texts[part::parts]
            seconds.append(passed)
            sizes.append(sum(len(text.encode()) for text in rows) / 1e6)
            found, count = found + hits, count + len(rows)
    rates = [size / passed for size, passed in zip(sizes, seconds, strict=True)]
    return {
        "megabytes_per_second": round(sum(sizes) / sum(seconds), 2),
        "texts_per_second": round(count / sum(seconds), 1),
        "slowest": round(min(rates), 2), "fastest": round(max(rates), 2),
        "found": found, "build_seconds": round(built, 2),
    }  # fmt: skip


def contest(name: str, forms: Path, shared: Path, parts: int) -> dict[str, Any]:
    """What one contestant does, in this process."""
    texts = texts_of(shared)
    if name == "linker":
        return linker(shared, texts, parts)
    started = time.process_time()
    try:
        prepared, once = CONTESTANTS[name](json.loads(forms.read_text(encoding="utf-8")), texts)
    except ImportError as error:
        return {"skipped": f"{error.name} is not installed"}
    return measured(prepared, once, texts, parts, time.process_time() - started)


def run(shared: Path, count: int, parts: int) -> dict[str, Any]:
    """Every contestant in a fresh process."""
    texts = texts_of(shared)
    forms = sample(shared, count)
    result: dict[str, Any] = {
        "forms": len(forms), "texts": len(texts),
        "megabytes": round(sum(len(text.encode()) for text in texts) / 1e6, 2),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "forms.json"
        path.write_text(json.dumps(forms), encoding="utf-8")
        for name in (*CONTESTANTS, "linker"):
            command = [sys.executable, __file__, "--only", name, "--table", str(path),
                       "--shared", str(shared), "--parts", str(parts)]  # fmt: skip
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            result[name] = json.loads(done.stdout.splitlines()[-1])
    return result


def show(result: dict[str, Any]) -> Iterable[str]:
    """The lines of the table; ratios are to the dictionary, folding included."""
    yield f"{result['forms']:,} forms, {result['texts']:,} texts, {result['megabytes']} MB"
    ours = result["dictionary"]["megabytes_per_second"]
    for name in (*CONTESTANTS, "linker"):
        found = result[name]
        if "skipped" in found:
            yield f"{name:26} left out: {found['skipped']}"
            continue
        rate = found["megabytes_per_second"]
        yield (
            f"{name:26} {rate:7.2f} MB/s [{found['slowest']:.2f}, {found['fastest']:.2f}]  "
            f"{found['texts_per_second']:9,.1f} texts/s  {found['found']:7,} found  "
            f"built in {found['build_seconds']:6.2f} s  dictionary x {ours / rate:.1f}"
        )


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of the shared data")
    parser.add_argument("--forms", type=int, default=50_000)
    parser.add_argument("--parts", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=[*CONTESTANTS, "linker"], help=argparse.SUPPRESS)
    parser.add_argument("--table", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        print(json.dumps(contest(given.only, given.table, given.shared, given.parts)))
        return
    result = run(given.shared, given.forms, given.parts)
    print(json.dumps(result, indent=2) if given.json else "\n".join(show(result)))


if __name__ == "__main__":
    main()
