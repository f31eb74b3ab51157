"""What tuning the text encoder on HPO gives: names, linking by dense search, few-label documents.

    python benchmarks/adapt.py                        # 25 minutes of tuning, then all of it
    python benchmarks/adapt.py --steps 200 --only names linking
    python benchmarks/adapt.py --encoder DIR --only documents

``names``: synonyms of HPO that tuning never saw find their label, as `kgml adapt` reports it.
``linking``: the nearest form to each gold mention of the dev parts of GSC+ (HPO) and NCBI disease
(MeSH, which tuning never saw), by the encoder alone. ``documents``: macro-F1 on Ohsumed's test part
after 8 and 32 rows per class, with and without HPO. Each before and after. ``--texts`` are held
where they were; without it HPO's definitions are.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import documents
import linking

from kgml.artifacts import read_manifest
from kgml.config import Config, EncoderConfig
from kgml.data.corpus import read_unlabelled
from kgml.encoders.adapt import KIND, adapt
from kgml.kg.load import load_graph

PARTS = ("names", "linking", "documents")
BASE = EncoderConfig.model


def tuned(given: argparse.Namespace, folder: Path) -> tuple[str, dict[str, Any]]:
    """The folder of the tuned encoder, and what `kgml adapt` reports of it."""
    if given.encoder:
        return str(given.encoder), dict(read_manifest(given.encoder, KIND).summary)
    config = replace(Config().override("adapt", steps=given.steps), seed=given.seed)
    minutes = None if given.steps else given.minutes
    texts = read_unlabelled(given.texts) if given.texts else None
    graph = load_graph(given.shared / "ontologies" / "hpo" / "hp.obo")
    output, clock = given.output or folder / "encoder", time.process_time()
    report = adapt(graph, output, texts=texts, minutes=minutes, config=config)
    return str(output), {**report, "cpu_seconds": round(time.process_time() - clock, 1)}


def linked(model: str, shared: Path) -> dict[str, float]:
    """Accuracy at 1 of dense search on the gold mentions of each dev part."""
    found = {}
    for data in linking.SETS:
        accuracy = linking.dense(linking.task(data, shared, "dev", model)).accuracy
        assert accuracy is not None
        found[data] = accuracy()
    return found


def classified(model: str, given: argparse.Namespace) -> list[dict[str, Any]]:
    """Few-label scores on Ohsumed, of text + TF-IDF ("none") and with HPO."""
    options = argparse.Namespace(
        shared=given.shared, encoder=model, ontology=["hpo"], fusion=["concat"], per_class=[8, 32],
        seed=given.seed, seeds=given.seeds, linking="linker",
    )  # fmt: skip
    return documents.few_labels(given.shared / "labels" / documents.DATA["ohsumed"], options)


def main() -> None:
    """Parse, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=linking.SHARED)
    parser.add_argument("--encoder", type=Path, help="a folder of kgml adapt, instead of tuning")
    parser.add_argument("--output", type=Path, help="keep the tuned encoder here")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.shared = given.shared.resolve()
    with tempfile.TemporaryDirectory() as box:
        model, report = tuned(given, Path(box))
        result: dict[str, Any] = {"names": report} if "names" in given.only else {}
        for part, measure in (
            ("linking", lambda name: linked(name, given.shared)),
            ("documents", lambda name: classified(name, given)),
        ):
            if part in given.only:
                result[part] = {"before": measure(BASE), "after": measure(model)}
                print(part, result[part], flush=True, file=sys.stderr)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
