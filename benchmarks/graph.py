"""Seconds and memory of loading ontologies, beside rdflib on the same files in the same run.

    python benchmarks/graph.py [--data ../shared/data] [--runs 3] [--json]

Every measurement is a fresh process with its imports done first: CPU seconds and wall seconds of
the load alone (medians), and the peak of its memory above what the imports took (VmHWM, largest).
hp.obo goes to rdflib and pyoxigraph as a temporary Turtle file that holds the same graph.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
JOBS = {
    "kgml hp.obo": ("kgml", "hpo"),
    "kgml hp.ttl": ("kgml", "turtle"),
    "pyoxigraph hp.ttl": ("pyoxigraph", "turtle"),
    "rdflib hp.ttl": ("rdflib", "turtle"),
    "kgml FIBO": ("kgml", "fibo"),
    "pyoxigraph FIBO": ("pyoxigraph", "fibo"),
    "rdflib FIBO": ("rdflib", "fibo"),
}
"""Row of the table: tool and input. pyoxigraph only iterates; rdflib only parses."""


def kgml_loader() -> Callable[[list[Path]], int]:
    """Load one graph from all files; the count is that of its triples."""
    import kgml.kg.assemble
    import kgml.kg.find
    import kgml.kg.obo
    import kgml.kg.safety  # noqa: F401
    from kgml.kg.load import load_graph

    return lambda files: len(load_graph(files).triples)


def rdflib_loader() -> Callable[[list[Path]], int]:
    """Parse all files into one rdflib graph."""
    import rdflib
    import rdflib.plugins.parsers.notation3
    import rdflib.plugins.parsers.rdfxml

    def load(files: list[Path]) -> int:
        graph = rdflib.Graph()
        for file in files:
            graph.parse(file, format="turtle" if file.suffix == ".ttl" else "xml")
        return len(graph)

    return load


def pyoxigraph_loader() -> Callable[[list[Path]], int]:
    """Iterate over the triples of all files, touching none: the floor."""
    import pyoxigraph as ox

    formats = {".ttl": ox.RdfFormat.TURTLE}

    def load(files: list[Path]) -> int:
        count = 0
        for file in files:
            kind = formats.get(file.suffix, ox.RdfFormat.RDF_XML)
            for _ in ox.parse(path=str(file), format=kind, base_iri="urn:base:/x"):
                count += 1
        return count

    return load


LOADERS = {"kgml": kgml_loader, "rdflib": rdflib_loader, "pyoxigraph": pyoxigraph_loader}


def peak_mib() -> float:
    """Highest resident memory of this process so far, in MiB."""
    status = Path("/proc/self/status").read_text()
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(match[1]) / 1024 if match else float("nan")


def measure(tool: str, files: list[Path]) -> dict[str, float]:
    """Load once in this process."""
    warnings.simplefilter("ignore")
    load = LOADERS[tool]()
    before, cpu, wall = peak_mib(), time.process_time(), time.perf_counter()
    triples = load(files)
    return {
        "triples": triples,
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "peak_mib": peak_mib() - before,
    }


def in_fresh_process(tool: str, listing: Path, runs: int) -> dict[str, float]:
    """Medians of the times and the largest peak over ``runs`` processes."""
    command = [sys.executable, __file__, "--one", tool, str(listing)]
    found = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(runs)
    ]
    result = {key: statistics.median(row[key] for row in found) for key in found[0]}
    return {**result, "peak_mib": max(row["peak_mib"] for row in found)}


def inputs(data: Path, scratch: Path) -> dict[str, list[Path]]:
    """Files per input name; writes hp.obo as Turtle into ``scratch``."""
    from kgml.kg.load import load_graph

    hpo = data / "ontologies" / "hpo" / "hp.obo"
    load_graph(hpo).to_rdflib().serialize(scratch / "hp.ttl", format="turtle", encoding="utf-8")
    fibo = sorted((data / "ontologies" / "fibo").rglob("*.rdf"))
    return {"hpo": [hpo], "turtle": [scratch / "hp.ttl"], "fibo": fibo}


def table(results: dict[str, dict[str, Any]]) -> str:
    """The results as text, one row per job."""
    lines = [f"{'':20}{'triples':>10}{'CPU s':>9}{'wall s':>9}{'peak MiB':>10}"]
    for name, row in results.items():
        lines.append(
            f"{name:20}{row['triples']:>10,.0f}{row['cpu_s']:>9.2f}{row['wall_s']:>9.2f}"
            f"{row['peak_mib']:>10.0f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Run every job and write the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("TOOL", "LISTING"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.one:
        files = [Path(line) for line in Path(options.one[1]).read_text().splitlines()]
        sys.stdout.write(json.dumps(measure(options.one[0], files)))
        return
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for name, files in inputs(options.data, scratch).items():
            (scratch / name).write_text("\n".join(str(file.resolve()) for file in files))
        for job, (tool, name) in JOBS.items():
            results[job] = in_fresh_process(tool, scratch / name, options.runs)
    sys.stdout.write((json.dumps(results, indent=2) if options.json else table(results)) + "\n")


if __name__ == "__main__":
    main()
