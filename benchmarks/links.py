"""Link prediction: knowledge-graph embeddings on CoDEx-S and UMLS, beside PyKEEN.

    python benchmarks/links.py [--shared DIR] [--sets NAME ...] [--models NAME ...] [--peers DIR]
                               [--threads N] [--json]

Each row is a process of its own: MRR and Hits@k on the test triples (filtered, realistic, both
directions) with 95% bootstrap intervals, processor and wall seconds of the whole process, and its
peak memory. ``--peers DIR`` is a folder for ``pip install --target DIR pykeen``; PyKEEN is run with
what its authors found best for these models (Ali et al., 2021: all entities as negatives, softmax,
inverse relations, Adam) and its early stopping, at the dimension of our model. For ComplEx and DistMult
its first numbers are small and its L2 norm is off: with those of its own that loss learns nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = ("codex_s", "umls")
MODELS = ("complex", "distmult", "transe", "rotate")
PEERS = {"complex": "ComplEx", "distmult": "DistMult", "transe": "TransE", "rotate": "RotatE"}
PYKEEN = """
import json, sys
import torch
from pykeen.pipeline import pipeline
model, threads, dimension, *files = sys.argv[1:]
torch.set_num_threads(int(threads))
from pykeen.triples import TriplesFactory
train = TriplesFactory.from_path(files[0], create_inverse_triples=True)
valid, test = (
    TriplesFactory.from_path(file, entity_to_id=train.entity_to_id, relation_to_id=train.relation_to_id)
    for file in files[1:]
)
complex_ = model in ("ComplEx", "RotatE")
options = {"embedding_dim": int(dimension) // (2 if complex_ else 1)}
if model in ("ComplEx", "DistMult"):
    options |= {"entity_initializer": "xavier_uniform", "relation_initializer": "xavier_uniform", "regularizer": None, "regularizer_kwargs": {}}
result = pipeline(
    training=train, validation=valid, testing=test, model=model, device="cpu", random_seed=0,
    model_kwargs=options,
    training_loop="LCWA", loss="CrossEntropyLoss", optimizer="Adam",
    optimizer_kwargs={"lr": 0.001}, training_kwargs={"num_epochs": 200, "batch_size": 256, "use_tqdm": False},
    stopper="early", stopper_kwargs={"frequency": 10, "patience": 3, "metric": "mrr", "relative_delta": 0.002},
    evaluator_kwargs={"filtered": True}, evaluation_kwargs={"use_tqdm": False},
)
get = result.metric_results.get_metric
print(json.dumps({
    "mrr": get("both.realistic.inverse_harmonic_mean_rank"),
    "hits": {k: get(f"both.realistic.hits_at_{k}") for k in ("1", "3", "10")},
    "epochs": len(result.losses), "dimension": int(dimension),
}))
"""


def measured(command: list[str], folder: Path, threads: int) -> dict[str, Any]:
    """Run ``command``; its JSON, or the last line of its complaint, with seconds and MiB."""
    started = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": str(threads)}
    with (
        tempfile.TemporaryDirectory() as checkpoints,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints,
    ):
        environment["PYSTOW_HOME"] = checkpoints  # of PyKEEN, which writes to ~/.data otherwise
        process = subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=complaints
        )
        out = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        complaints.seek(0)
        complaint = complaints.read()
    found = {
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "wall_seconds": round(time.perf_counter() - started, 1),
        "mib": round(usage.ru_maxrss / 1024),
    }
    if status:
        return {**found, "failed": (complaint.strip().splitlines() or ["no word"])[-1][:200]}
    return {**json.loads(out[out.index("{") :]), **found}


def ours(model: str, files: list[Path], threads: int) -> dict[str, Any]:
    """``kgml encode --triples``."""
    names = [f"--{part}" for part in ("triples", "valid", "test")]
    sets = [str(word) for pair in zip(names, files, strict=True) for word in pair]
    command = [
        sys.executable,
        "-m",
        "kgml",
        "encode",
        *sets,
        "--node-encoder",
        model,
        "--json",
        "-q",
    ]
    return measured(command, Path(__file__).resolve().parents[1], threads)


def pykeen(
    model: str, dimension: int, files: list[Path], peers: Path, threads: int
) -> dict[str, Any]:
    """PyKEEN's pipeline."""
    command = [sys.executable, "-c", PYKEEN, PEERS[model], str(threads), str(dimension)]
    return measured([*command, *map(str, files)], peers, threads)


def line(name: str, row: dict[str, Any]) -> str:
    """One row of the table."""
    cost = f"{row['cpu_seconds']:7.0f} {row['wall_seconds']:7.0f} {row['mib']:6}"
    if "failed" in row:
        return f"{name:26} {'left out: ' + row['failed']:72} {cost}"
    between = row.get("interval", {"mrr": None, "hits": {}})
    cells = [_cell(row["mrr"], between["mrr"])]
    cells += [_cell(row["hits"][k], between["hits"].get(k)) for k in ("1", "3", "10")]
    return f"{name:26} {'  '.join(cells)} {row['epochs']:6} {cost}"


def _cell(value: float, interval: list[float] | None) -> str:
    if interval is None:
        return f"{value:.3f} {'':13}"
    return f"{value:.3f} [{interval[0]:.3f}-{interval[1]:.3f}]"


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of the shared data")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--peers", type=Path, help="folder that PyKEEN is installed in")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    peers = options.peers if options.peers and (options.peers / "pykeen").is_dir() else None
    titles = "  ".join(f"{title:19}" for title in ("MRR", "Hits@1", "Hits@3", "Hits@10"))
    print(f"{'':26} {titles} epochs   CPU s  wall s    MiB", file=sys.stderr)
    results: dict[str, Any] = {}
    for name in options.sets:
        files = [options.shared / "links" / name / f"{p}.tsv" for p in ("train", "valid", "test")]
        for model in options.models:
            rows = {"kgml": ours(model, files, options.threads)}
            if peers:
                dimension = rows["kgml"].get("training", {}).get("dimension", 512)
                rows["pykeen"] = pykeen(model, dimension, files, peers, options.threads)
            for who, row in rows.items():
                print(line(f"{name} {model} {who}", row), file=sys.stderr, flush=True)
            results.setdefault(name, {})[model] = rows
    if not peers:
        print("PyKEEN is left out: no --peers DIR that holds it", file=sys.stderr)
    if options.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
