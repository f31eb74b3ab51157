"""Whether linking stays linear: up to a million labels, and texts up to 10 MB.

    python benchmarks/linking_scale.py [--forms 10000 100000 1000000] [--megabytes 1 2 5 10] [--json]

Graphs are the made-up ontologies of graph_inputs.py. Per size, in a fresh process: seconds of
processor time to make the linker, its MiB (peak of resident memory above what the graph takes), and
MB/s of the dictionary alone and of all stages over the same 1 MB of text, in which a third of the
words are labels. Then one text of growing size on the smallest graph: seconds a MB, and whether
every mention is the slice of the text at its offsets.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import graph_inputs

FORMS_PER_CLASS = 1.98
"""Labels and synonyms."""


def peak_mib() -> float:
    """Peak of resident memory (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def text_of(labels: Sequence[str], size: int, seed: int = 0) -> str:
    """About ``size`` characters of sentences, a third of their words labels."""
    rng = random.Random(seed)
    words = [word for label in labels[:2000] for word in label.split()]
    parts: list[str] = []
    held = 0
    while held < size:
        filler = " ".join(f"{rng.choice(words)}{rng.choice('abcdefgh')}" for _ in range(8))
        parts.append(f"{filler.capitalize()} with {rng.choice(labels)}, {rng.choice(labels)}.")
        held += len(parts[-1]) + 1
    return " ".join(parts)[:size]


def measure(forms: int, megabytes: Sequence[float]) -> dict[str, Any]:
    """One size, in this process."""
    from kgml.kg.load import load_graph
    from kgml.linking.fold import fold
    from kgml.linking.linker import EntityLinker

    with tempfile.TemporaryDirectory() as folder:
        count = round(forms / FORMS_PER_CLASS)
        written = graph_inputs.write(Path(folder), count, ["nt"])
        graph = load_graph([path for paths in written.files.values() for path in paths])
    before, started = peak_mib(), time.process_time()
    linker = EntityLinker.from_graph(graph)
    row: dict[str, Any] = {
        "forms": len(graph.forms.text), "build_seconds": round(time.process_time() - started, 2),
        "mib": round(peak_mib() - before),
    }  # fmt: skip
    labels = list(graph.labels)
    text = text_of(labels, 1_000_000)
    started = time.process_time()
    folded = fold(text)
    for stages in linker.stages:
        stages.dictionary.find(folded)
    row["dictionary_mb_s"] = round(1 / (time.process_time() - started), 2)
    for size in megabytes:
        text = text_of(labels, round(size * 1e6))
        started = time.process_time()
        mentions = linker.link_one(text)
        seconds = time.process_time() - started
        wrong = sum(m.text != text[m.start : m.end] for m in mentions)
        row.setdefault("texts", []).append(
            {"mb": size, "seconds_per_mb": round(seconds / size, 2), "mentions": len(mentions),
             "wrong_offsets": wrong}
        )  # fmt: skip
    return row


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--forms", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--megabytes", type=float, nargs="+", default=[1, 2, 5, 10])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(measure(options.one, options.megabytes)))
        return
    rows = []
    for forms in sorted(options.forms):
        sizes = options.megabytes if forms == min(options.forms) else [1.0]
        command = [sys.executable, __file__, "--one", str(forms),
                   "--megabytes", *map(str, sizes)]  # fmt: skip
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        row = json.loads(done.stdout.splitlines()[-1])
        rows.append(row)
        print(f"{row['forms']:10,} forms: built in {row['build_seconds']:.1f} s, {row['mib']:,} MiB, "
              f"dictionary {row['dictionary_mb_s']} MB/s", file=sys.stderr, flush=True)  # fmt: skip
        for text in row["texts"]:
            print(f"    one text of {text['mb']:g} MB: {text['seconds_per_mb']} s a MB, "
                  f"{text['mentions']:,} mentions, {text['wrong_offsets']} at wrong offsets",
                  file=sys.stderr, flush=True)  # fmt: skip
    if options.json:
        print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
