"""Seconds and memory of loading ontologies, beside rdflib, pyoxigraph and pronto in one run.

    python benchmarks/graph.py                      # --parse and --real
    python benchmarks/graph.py --parse --sizes 20000 200000
    python benchmarks/graph.py --slope 0.2 2 5      # millions of triples, kgml alone
    python benchmarks/graph.py --artifact --structure --table
    python benchmarks/graph.py --full               # all of it, up to 20 million triples

Every measurement is a fresh process. Its imports are done by the same work on a tiny input of the
same format; then CPU seconds (of all threads) and wall seconds of the work are taken, and the peak
of resident memory above what was resident before (VmHWM, Linux only). Tools take turns, so that a
busy machine hits all alike; shown are medians of --runs processes, and ratios of those. Above
50,000 classes rdflib runs only with --full, and once. The made-up ontologies are described in
graph_inputs.py; real ones are read from --data where they are, pronto where it is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import graph_inputs

ROOT = Path(__file__).resolve().parents[1]
FORMATS = {"ttl": "Turtle", "rdf": "RDF/XML", "nt": "N-Triples"}
RDFLIB_LIMIT = 50_000
"""Classes above which rdflib takes minutes."""
ONE_RUN = 2_000_000
"""Triples from which on a slope is measured once."""
CHAIN = 100_000
ONTOLOGIES = {
    "hpo": "hpo/hp.obo", "doid": "doid/doid_assembled.obo", "mesh": "mesh/mesh_descriptors.obo",
    "fibo": "fibo",
}  # fmt: skip

Row = dict[str, Any]
Work = Callable[[list[Path]], Any]
Facts = Callable[[Any], Row]
Job = tuple[str, Sequence[Path], int]
"""Name in `JOBS`, inputs, runs."""

# In the fresh process


def kgml_job() -> tuple[Work, Facts]:
    """Files to arrays, labels, synonyms, definitions."""
    import kgml
    from kgml.kg.load import load_graph

    if not Path(kgml.__file__).is_relative_to(ROOT):
        raise SystemExit(f"measures {kgml.__file__}, wanted kgml of {ROOT}")
    return load_graph, graph_facts


def graph_facts(graph: Any) -> Row:
    """What a graph holds and what it dropped."""
    import numpy as np

    count = np.bincount(graph.triples[:, 1], minlength=len(graph.relations))
    order = np.argsort(-count, kind="stable")
    report = {k: graph.report.get(k) for k in ("labels", "synonyms", "definitions", "dropped")}
    relations = {graph.relation_labels[n]: int(count[n]) for n in order[:5]}
    other = {"other relations": int(count[order[5:]].sum())} if len(order) > 5 else {}
    edges = {"edges": len(graph.triples), "edges by relation": relations | other}
    content = hashlib.sha256(graph.triples.tobytes())
    for texts in (graph.iris, graph.labels, graph.definitions, graph.forms.text):
        content.update("\0".join(text or "" for text in texts).encode())
    return {"entities": len(graph), **edges, **report, "content": content.hexdigest()}


def rdflib_job() -> tuple[Work, Facts]:
    """Parse into one rdflib graph and no more."""
    import rdflib

    def parse(files: list[Path]) -> Any:
        graph = rdflib.Graph()
        kinds = {".ttl": "turtle", ".nt": "nt"}
        for file in files:
            graph.parse(file, format=kinds.get(file.suffix, "xml"))
        return graph

    return parse, lambda graph: {"triples": len(graph)}


def pyoxigraph_job() -> tuple[Work, Facts]:
    """Iterate over all triples, touching none: the floor."""
    import pyoxigraph as ox

    kinds = {".ttl": ox.RdfFormat.TURTLE, ".nt": ox.RdfFormat.N_TRIPLES}

    def iterate(files: list[Path]) -> int:
        count = 0
        for file in files:
            kind = kinds.get(file.suffix, ox.RdfFormat.RDF_XML)
            for _ in ox.parse(path=str(file), format=kind, base_iri="urn:base:/x"):
                count += 1
        return count

    return iterate, lambda count: {"triples": count}


def pronto_job() -> tuple[Work, Facts]:
    """An OBO file as pronto's objects."""
    import pronto

    def read(files: list[Path]) -> Any:
        return pronto.Ontology(str(files[0]))

    return read, lambda ontology: {"entities": len(ontology.terms())}


def open_job(verify: bool, look_up: bool = False) -> tuple[Work, Facts]:
    """A saved graph opened; with ``look_up`` an entity is found by IRI and a label read too."""
    from kgml.kg.graph import KnowledgeGraph

    def load(folders: list[Path]) -> Any:
        graph = KnowledgeGraph.load(folders[0], verify=verify)
        if look_up:
            assert graph[f"{graph_inputs.OBO}KGML_0000001"].label
        return graph

    return load, lambda graph: {"entities": len(graph), "edges": len(graph.triples)}


def structure_job(what: Callable[[Any], Any], facts: Facts) -> tuple[Work, Facts]:
    """Something asked of a graph that was loaded before, outside the measurement."""
    from kgml.kg.load import load_graph

    loaded: dict[str, Any] = {}

    def ask(files: list[Path]) -> Any:
        return what(loaded[str(files)])

    def prepare(files: list[Path]) -> None:
        loaded[str(files)] = load_graph(files)

    ask.prepare = prepare  # type: ignore[attr-defined]
    return ask, facts


JOBS: dict[str, Callable[[], tuple[Work, Facts]]] = {
    "kgml": kgml_job,
    "rdflib": rdflib_job,
    "pyoxigraph": pyoxigraph_job,
    "pronto": pronto_job,
    "open, verified": lambda: open_job(verify=True),
    "open, not verified": lambda: open_job(verify=False),
    "open and look up": lambda: open_job(verify=False, look_up=True),
    "ancestors": lambda: structure_job(
        lambda graph: graph.ancestors, lambda m: {"entities": m.shape[0], "pairs": int(m.nnz)}
    ),
    "depth": lambda: structure_job(lambda graph: graph.depth(), lambda n: {"depth": int(n)}),
    "ancestors of the last": lambda: structure_job(
        lambda graph: graph.ancestors_of(len(graph) - 1), lambda found: {"ancestors": len(found)}
    ),
}


def peak_mib() -> float:
    """Highest resident memory of this process since it was last forgotten, in MiB."""
    match = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if match is None:
        raise SystemExit("no VmHWM in /proc/self/status: run this on Linux.")
    return int(match[1]) / 1024


def tiny(inputs: list[Path], scratch: Path) -> list[Path]:
    """A small input of the same kind: its work does the imports."""
    ending = inputs[0].suffix.lstrip(".")
    if (inputs[0] / "manifest.json").is_file():
        from kgml.kg.load import load_graph

        load_graph(graph_inputs.write(scratch, 3, ["nt"]).files["nt"]).save(scratch / "tiny.kg")
        return [scratch / "tiny.kg"]
    ending = ending if ending in graph_inputs.FORMATS else "rdf"
    return graph_inputs.write(scratch, 3, [ending]).files[ending]


def measure(job: str, inputs: list[Path]) -> Row:
    """Do ``job`` once in this process and say what it took."""
    warnings.simplefilter("ignore")
    work, facts = JOBS[job]()
    prepare: Work | None = getattr(work, "prepare", None)
    with tempfile.TemporaryDirectory() as folder:
        small = tiny(inputs, Path(folder))
        if prepare is not None:
            prepare(small)
            prepare(inputs)
        facts(work(small))
    gc.collect()
    with contextlib.suppress(OSError):
        # the peak of the imports is forgotten, so that the work cannot hide under it
        Path("/proc/self/clear_refs").write_text("5")
    resident, cpu, wall = peak_mib(), time.process_time(), time.perf_counter()
    result = work(inputs)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = peak_mib() - resident
    return {"cpu_s": cpu, "wall_s": wall, "peak_mib": peak, **facts(result)}


# In the main process


class Bench:
    """Runs jobs in fresh processes, keeps every result, and writes the tables."""

    def __init__(self, options: argparse.Namespace, scratch: Path, private: Path) -> None:
        """``scratch`` may be shared with other runs and is kept if given; ``private`` is not."""
        self.options, self.scratch, self.private = options, scratch, private
        self.results: Row = {"versions": versions()}
        self.lines: list[str] = []

    def run(self, job: str, inputs: Sequence[Path]) -> Row:
        """One process; a failure is a row that says why."""
        listing = self.private / "inputs.json"
        listing.write_text(json.dumps([str(path.resolve()) for path in inputs]))
        command = [sys.executable, __file__, "--one", job, str(listing)]
        one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
        path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, **one_thread, "PYTHONPATH": os.pathsep.join(path)}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, env=environment,
                timeout=self.options.timeout, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"error": f"stopped after {self.options.timeout:.0f} s"}
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            return {"error": f"exit {done.returncode}: {last[:200]}"}
        row: Row = json.loads(done.stdout)
        return row

    def group(self, title: str, jobs: Mapping[str, Job]) -> dict[str, Row]:
        """Rows of one table: name to job, inputs and runs. The jobs take turns."""
        taken: dict[str, list[Row]] = {name: [] for name in jobs}
        for turn in range(max(runs for _, _, runs in jobs.values())):
            for name, (job, inputs, runs) in jobs.items():
                if turn < runs and not any("error" in row for row in taken[name]):
                    taken[name].append(self.run(job, inputs))
                    shown = taken[name][-1]
                    took = shown.get("error") or f"{shown['cpu_s']:.3f} CPU s"
                    print(f"{title}, {name}, run {turn + 1}: {took}", file=sys.stderr, flush=True)
        rows = {name: summary(found) for name, found in taken.items()}
        self.results[title] = rows
        self.lines += [
            "",
            title,
            f"  {'':26}{'CPU s':>9}{'min-max':>16}{'wall s':>9}{'MiB':>8}  runs",
        ]
        self.lines += [row_line(name, row) for name, row in rows.items()]
        return rows

    def note(self, text: str) -> None:
        """A line under the tables, and in the JSON."""
        self.results.setdefault("notes", []).append(text)
        self.lines += [f"  {text}"]

    def wanted(self, title: str, text: str, value: float | None, least: float | None = None,
               most: float | None = None) -> None:  # fmt: skip
        """A measured number beside what was asked of it."""
        if value is None:
            return
        met = (least is None or value >= least) and (most is None or value <= most)
        bound = f"at least {least:g}" if least is not None else f"at most {most:g}"
        row = {"of": title, "what": text, "value": value, "least": least, "most": most, "met": met}
        self.results.setdefault("wanted", []).append(row)
        self.lines.append(
            f"    {text:38}{value:>9.3g}   wanted {bound}: {'met' if met else 'NOT MET'}"
        )

    # Parts

    def parse(self) -> None:
        """kgml, rdflib and pyoxigraph on made-up ontologies."""
        runs = self.options.runs
        graph_inputs.check(self.scratch)
        for size in self.options.sizes:
            written = graph_inputs.write(self.scratch, size, list(FORMATS))
            contents = set()
            for ending, name in FORMATS.items():
                files = written.files[ending]
                jobs = {"kgml": ("kgml", files, runs), "pyoxigraph": ("pyoxigraph", files, runs)}
                if size <= RDFLIB_LIMIT or self.options.full:
                    once = 1 if size > RDFLIB_LIMIT else runs
                    jobs["rdflib"] = ("rdflib", files, once)
                title = f"{name}, {size:,} classes, {written.triples:,} triples"
                rows = self.group(title, jobs)
                for tool in ("rdflib", "pyoxigraph"):
                    if rows.get(tool, {}).get("triples", written.triples) != written.triples:
                        self.note(f"{tool} found {rows[tool]['triples']:,} triples")
                self.compare(title, rows)
                contents.add(rows["kgml"].get("content", ""))
            if len(contents) > 1:
                self.note(
                    f"kgml's graphs of {size:,} classes differ between formats, or one failed"
                )

    def compare(self, title: str, rows: dict[str, Row]) -> None:
        """The three ratios asked of kgml."""
        text = "CPU: rdflib / kgml"
        self.wanted(title, text, ratio(rows, "rdflib", "kgml", "cpu_s"), least=12)
        text = "CPU: kgml / pyoxigraph"
        self.wanted(title, text, ratio(rows, "kgml", "pyoxigraph", "cpu_s"), most=2.5)
        text = "peak memory: kgml / rdflib"
        self.wanted(title, text, ratio(rows, "kgml", "rdflib", "peak_mib"), most=0.25)

    def real(self) -> None:
        """hp.obo beside pronto; FIBO beside rdflib and pyoxigraph."""
        runs, folder = self.options.runs, self.options.data / "ontologies"
        hpo, fibo = folder / ONTOLOGIES["hpo"], sorted((folder / "fibo").rglob("*.rdf"))
        if hpo.is_file():
            jobs = {"kgml": ("kgml", [hpo], runs)}
            if "pronto" in self.results["versions"]:
                jobs["pronto"] = ("pronto", [hpo], runs)
            rows = self.group("hp.obo", jobs)
            self.wanted("hp.obo", "CPU: pronto / kgml", ratio(rows, "pronto", "kgml", "cpu_s"), 5)
            if "pronto" not in jobs:
                self.note("pronto is not installed, so hp.obo is not compared: pip install pronto")
        else:
            self.note("no ontologies/hpo/hp.obo under --data: not measured")
        if fibo:
            tools = ("kgml", "pyoxigraph", "rdflib")
            self.group(f"FIBO, {len(fibo)} files", {tool: (tool, fibo, runs) for tool in tools})

    def slope(self) -> None:
        """kgml alone on growing inputs: seconds and memory per million triples."""
        title, points = "N-Triples of growing size, kgml alone", []
        each = 1.0
        for millions in sorted(self.options.slope or [0.2, 2, 5]):
            size = round(millions * 1e6 / 9.2)
            if problem := self.lacks(millions, each):
                self.note(f"{millions:g} million triples left out: {problem}")
                continue
            written = graph_inputs.write(self.scratch, size, ["nt"])
            runs = 1 if written.triples >= ONE_RUN * 0.95 else self.options.runs
            name = f"{written.triples:,} triples"
            row = self.group(f"{title}: {name}", {"kgml": ("kgml", written.files["nt"], runs)})[
                "kgml"
            ]
            if "error" not in row:
                x = written.triples / 1e6
                points.append({"millions": x, "cpu_s": row["cpu_s"], "mib": row["peak_mib"]})
                each = row["peak_mib"] / x / 1024
        self.lines += ["", f"{title}: per million triples"]
        for p in points:
            self.lines.append(f"  {p['millions']:8.2f} million: {p['cpu_s'] / p['millions']:6.2f} CPU s"
                              f" {p['mib'] / p['millions']:7.0f} MiB")  # fmt: skip
        fits: Row = {"points": points}
        for key in ("cpu_s", "mib") if len(points) > 1 else ():
            sizes, taken = [p["millions"] for p in points], [p[key] for p in points]
            fit = statistics.linear_regression(sizes, taken)
            r = statistics.correlation(sizes, taken)
            fits[key] = {"slope": fit.slope, "intercept": fit.intercept, "r": r}
            self.lines.append(f"  least squares: {fit.slope:.2f} {key} per million triples "
                              f"{fit.intercept:+.2f}, r = {r:.4f}")  # fmt: skip
        self.results["slope"] = fits

    def lacks(self, millions: float, gib_each: float) -> str:
        """Why an input this large cannot be measured here, or nothing."""
        disk = shutil.disk_usage(self.scratch).free / 2**30
        if disk < millions * 0.2:
            return f"{disk:.0f} GiB of disk free, {millions * 0.2:.0f} needed"
        match = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
        free = int(match[1]) / 2**20 if match else float("inf")
        need = millions * gib_each * 1.15 + 0.5
        return f"{free:.1f} GiB of memory free, about {need:.1f} needed" if need > free else ""

    def artifact(self) -> None:
        """Open what was saved from 1.84 million triples."""
        from kgml.errors import KGMLError
        from kgml.kg.load import load_graph

        files = graph_inputs.write(self.scratch, 200_000, ["nt"]).files["nt"]
        saved = self.private / "saved.kg"
        try:
            load_graph(files).save(saved)
        except KGMLError as error:
            self.note(f"no graph to open: {error}")
            return
        size = sum(file.stat().st_size for file in saved.iterdir()) / 2**20
        title = f"Artifact of 200,000 classes, {size:.0f} MiB, read before"
        jobs = [job for job in JOBS if job.startswith("open")]
        rows = self.group(title, {job: (job, [saved], self.options.runs) for job in jobs})
        for job, row in rows.items():
            if job != "open and look up":
                self.wanted(title, f"CPU s: {job}", row.get("cpu_s"), most=0.1)
                self.wanted(title, f"wall s: {job}", row.get("wall_s"), most=0.1)

    def structure(self) -> None:
        """Ancestors of everything, and a very deep chain."""
        folder, runs = self.options.data / "ontologies", self.options.runs
        files = [folder / ONTOLOGIES[name] for name in ("mesh", "hpo", "doid")]
        if all(file.is_file() for file in files):
            title = "MeSH + HPO + DOID"
            rows = self.group(title, {"ancestors of all": ("ancestors", files, runs)})
            row = rows["ancestors of all"]
            if "error" not in row:
                self.note(f"{row['entities']:,} entities, {row['pairs']:,} pairs, selves included")
            self.wanted(title, "CPU s: ancestors of all", row.get("cpu_s"), most=1)
            self.wanted(title, "wall s: ancestors of all", row.get("wall_s"), most=1)
        else:
            self.note("MeSH, HPO and DOID are not all under --data: ancestors not measured")
        chain = [graph_inputs.chain(self.private / "chain.nt", CHAIN)]
        jobs = ("kgml", "depth", "ancestors of the last")
        title = f"A chain {CHAIN:,} deep"
        rows = self.group(title, {job: (job, chain, runs) for job in jobs})
        found = {
            key: row[key] for row in rows.values() for key in ("depth", "ancestors") if key in row
        }
        self.note(in_words(found))

    def table(self) -> None:
        """What each real ontology becomes."""
        for name, place in ONTOLOGIES.items():
            source = self.options.data / "ontologies" / place
            if not source.exists():
                self.note(f"no {name} under --data: left out of the table")
                continue
            row = self.group(f"Ontology {name}", {"kgml": ("kgml", [source], self.options.runs)})[
                "kgml"
            ]
            for key in ("entities", "edges", "edges by relation", "labels", "synonyms",
                        "definitions", "dropped"):  # fmt: skip
                if key in row:
                    self.lines.append(f"    {key}: {in_words(row[key])}")


def summary(rows: list[Row]) -> Row:
    """Medians over processes; the facts are those of the last."""
    failed = [row for row in rows if "error" in row]
    if failed:
        return failed[0]
    result = {**rows[-1], "runs": len(rows), "each_cpu_s": [row["cpu_s"] for row in rows]}
    for key in ("cpu_s", "wall_s", "peak_mib"):
        result[key] = statistics.median(row[key] for row in rows)
    return result


def row_line(name: str, row: Row) -> str:
    """One line of a table."""
    if "error" in row:
        return f"  {name:26}{row['error']}"
    spread = f"{min(row['each_cpu_s']):.3f}-{max(row['each_cpu_s']):.3f}"
    return (f"  {name:26}{row['cpu_s']:>9.3f}{spread:>16}{row['wall_s']:>9.3f}"
            f"{row['peak_mib']:>8.0f}  {row['runs']}")  # fmt: skip


def in_words(value: Any) -> str:
    """Counts by name, largest first."""
    if not isinstance(value, dict):
        return f"{value:,}" if isinstance(value, int) else str(value)
    ranked = sorted(value.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {count:,}" for name, count in ranked) or "none"


def ratio(rows: dict[str, Row], over: str, under: str, key: str) -> float | None:
    """One number over another, None where either was not measured."""
    top, bottom = rows.get(over, {}).get(key), rows.get(under, {}).get(key)
    return top / bottom if top is not None and bottom else None


def versions() -> dict[str, str]:
    """Of Python and of what is compared."""
    found = {"python": platform.python_version()}
    for name in ("numpy", "pyarrow", "pyoxigraph", "rdflib", "pronto"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--parse", action="store_true", help="kgml, rdflib, pyoxigraph on made-up ontologies")
    add("--sizes", type=int, nargs="+", help="classes of each made-up ontology (20000)")
    add("--real", action="store_true", help="hp.obo beside pronto; FIBO")
    add("--slope", type=float, nargs="*", metavar="MILLIONS", help="kgml alone; 0.2 2 5")
    add("--artifact", action="store_true", help="opening a saved graph of 1.84 million triples")
    add("--structure", action="store_true", help="ancestors of all; a deep chain")
    add("--table", action="store_true", help="what each real ontology becomes")
    add(
        "--full",
        action="store_true",
        help="rdflib at every size; all parts if none is named, slope to 20 million",
    )
    add("--runs", type=int, default=3)
    add("--data", type=Path, default=ROOT.parent / "shared" / "data")
    add("--scratch", type=Path, help="keep the inputs in this folder and use them again")
    add("--timeout", type=float, default=1800, help="seconds one process may take")
    add("--json", action="store_true", help="one JSON document instead of tables")
    add("--one", nargs=2, metavar=("JOB", "INPUTS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    parts = ("parse", "real", "artifact", "structure", "table")
    chosen = any(getattr(options, part) for part in parts) or options.slope is not None
    if not chosen:
        for part in parts if options.full else ("parse", "real"):
            setattr(options, part, True)
        options.slope = [0.2, 2, 5, 10, 20] if options.full else None
    options.sizes = options.sizes or ([20_000, 200_000] if options.full else [20_000])
    return options


def main() -> None:
    """Run the chosen parts and write the tables, or JSON."""
    options = arguments()
    if options.one:
        inputs = [Path(line) for line in json.loads(Path(options.one[1]).read_text())]
        print(json.dumps(measure(options.one[0], inputs)))
        return
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        scratch = options.scratch or Path(folder)
        scratch.mkdir(parents=True, exist_ok=True)
        bench = Bench(options, scratch, Path(folder))
        for part in ("parse", "real", "artifact", "structure", "table"):
            if getattr(options, part):
                getattr(bench, part)()
        if options.slope is not None:
            bench.slope()
    tools = ", ".join(f"{name} {version}" for name, version in bench.results["versions"].items())
    print(json.dumps(bench.results, indent=2) if options.json else "\n".join([tools, *bench.lines]))


if __name__ == "__main__":
    main()
