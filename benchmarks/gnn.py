"""Graph neural encoders: cost beside torch-geometric, a graph of a million entities, hidden concepts.

    python benchmarks/gnn.py cost [--nodes 200000] [--edges 1000000] [--epochs 3] [--json]
    python benchmarks/gnn.py large [--nodes 1000000] [--edges 10000000] [--epochs 2] [--json]
    python benchmarks/gnn.py hidden [--graph hpo|doid] [--encoders NAME ...] [--objectives NAME ...]
                                    [--texts sentences|labels] [--seeds 3] [--json]

``cost``: features of 384 numbers on a random graph, the network of the encoder (two layers of 128
beside a skip), one step: forward, backward of a given gradient, Adam. Each row is a process of its own on one thread:
processor seconds of a step (median), peak memory above what data and libraries take. ``peer`` is
torch-geometric's own layer over ``edge_index`` in the same network, ``wide`` the same with its first
layer on the features as they come, which is how its examples are written. GAT is its layer, CompGCN it has
not, and its HGT takes 100 seconds a step on a tenth of this graph. Relational layers get 12 relations.

``large``: GraphSAGE on a random graph, trained by link prediction on sampled neighbours, vectors of
all entities from all neighbours; peak memory of the whole process, which may address 8 GiB and what
libraries map without using it (``--limit``).

``hidden``: a tenth of an ontology's concepts is hidden from training, with their edges and texts.
Then they come back with their text but without their edges to the parent that is asked for: the rank
of that parent among all entities by cosine; mean reciprocal rank over all hidden concepts, 95%
bootstrap interval over concepts, mean over seeds. What a hidden concept keeps: its text and its
children (those edges are not asked for). ``placebo``: the same with the entities of the edges
permuted in training and encoding.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FILES = {"hpo": "hpo/hp.obo", "doid": "doid/doid_assembled.obo"}
D_TEXT, D, RELATIONS = 384, 128, 12
ENCODERS = ("gcn", "sage", "gat", "rgcn", "compgcn", "hgt")
PEERS = ("gcn", "sage", "rgcn")


def peak() -> float:
    """Most memory this process ever held, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def random_links(nodes: int, edges: int, relations: int = 1) -> np.ndarray:
    """Distinct links (p, 3) between entities, about as many as ``edges``."""
    from kgml.encoders.links import distinct_links

    rng = np.random.default_rng(0)
    head, relation, tail = (rng.integers(n, size=edges) for n in (nodes, relations, nodes))
    return distinct_links(head, relation, tail, nodes, directed=relations > 1)


def peer_layer(name: str, width: int = D) -> Any:
    """torch-geometric's layer over ``edge_index``, as one of ours; it takes ``width`` numbers."""
    import torch
    from torch_geometric.nn import GCNConv, RGCNConv, SAGEConv

    from kgml.encoders.gnn.network import Layer

    class Peer(Layer):
        def __init__(self) -> None:
            super().__init__()
            made = {"gcn": lambda: GCNConv(width, D), "sage": lambda: SAGEConv(width, D),
                    "rgcn": lambda: RGCNConv(width, D, 2 * RELATIONS, num_bases=4)}  # fmt: skip
            self.convolution = made[name]()

        def forward(self, x: torch.Tensor, edges: Any) -> torch.Tensor:
            if name == "rgcn":
                kinds = torch.from_numpy(edges.relation.astype(np.int64))
                return self.convolution(x, edges.edge_index, kinds)
            return self.convolution(x, edges.edge_index)

    return Peer()


def one_cost(given: argparse.Namespace) -> dict[str, Any]:
    """Steps of one network, in this process."""
    import torch

    from kgml.encoders.gnn.edges import Edges
    from kgml.encoders.gnn.network import GraphNetwork
    from kgml.registry import resolve

    torch.set_num_threads(1)
    name, who = given.one.split()
    made = resolve("node_encoder", name)()
    relations = RELATIONS if made.relational else 1
    x = torch.randn(given.nodes, D_TEXT)
    edges = Edges.of(random_links(given.nodes, given.edges, relations), given.nodes, relations)
    layers = [made._layer(D, relations) if who == "kgml" else peer_layer(name) for _ in range(2)]
    network = GraphNetwork(layers[0], layers[1], D_TEXT, D)
    if who == "wide":  # the first layer on the features, as they come
        network.first = peer_layer(name, D_TEXT)
        network.vectors = lambda text, outer, inner: network.join(  # type: ignore[method-assign]
            text, network.structure(x, outer, inner)
        )
    optimizer = torch.optim.Adam(network.parameters())
    if who != "kgml":
        _ = edges.edge_index
    gradient = torch.randn(given.nodes, D)
    before, seconds = resource_now(), []
    for _ in range(given.epochs):
        started = time.process_time()
        optimizer.zero_grad()
        network(x, edges, edges).backward(gradient)
        optimizer.step()
        seconds.append(time.process_time() - started)
    # The first step builds the matrices; with three or more the median leaves that out.
    return {"first": seconds[0], "seconds": float(np.median(seconds)), "mib": peak() - before}


def resource_now() -> float:
    """Memory this process holds now, MiB; peaks of preparation are below what a step adds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def fresh(given: argparse.Namespace, one: str) -> dict[str, Any]:
    """The row ``one`` in a process of its own."""
    command = [sys.executable, __file__, given.what, "--one", one, "--nodes", str(given.nodes),
               "--edges", str(given.edges), "--epochs", str(given.epochs)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]}
    return json.loads(done.stdout)


def cost(given: argparse.Namespace) -> dict[str, Any]:
    """A row per encoder, and one per peer."""
    results: dict[str, Any] = {}
    print(f"{'':14} CPU s/step   MiB   times faster   share of memory", file=sys.stderr)
    for name in given.encoders:
        for who in ("kgml", "peer", "wide") if name in PEERS else ("kgml",):
            row = results[f"{name} {who}"] = fresh(given, f"{name} {who}")
            text = row.get("failed") or f"{row['seconds']:10.2f} {row['mib']:6.0f}"
            if who != "kgml" and "failed" not in row:
                ours = results[f"{name} kgml"]
                text += (
                    f" {row['seconds'] / ours['seconds']:14.1f} {ours['mib'] / row['mib']:17.2f}"
                )
            print(f"{name + ' ' + who:14} {text}", file=sys.stderr, flush=True)
    return results


def large(given: argparse.Namespace) -> dict[str, Any]:
    """GraphSAGE on a graph that is trained on samples."""
    if given.limit:
        most = int(given.limit * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    import torch

    from kgml.encoders.gnn.sage import SAGEEncoder

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    features = rng.standard_normal((given.nodes, D_TEXT), dtype=np.float32)
    triples = np.column_stack([rng.integers(given.nodes, size=given.edges),
                               np.zeros(given.edges, dtype=np.int64),
                               rng.integers(given.nodes, size=given.edges)])  # fmt: skip
    graph: Any = Numbers(given.nodes, triples)
    training = replace(SAGEEncoder.defaults, epochs=given.epochs, check_every=given.epochs)
    encoder = SAGEEncoder(training=training)
    started = time.process_time()
    encoder.fit(graph, features)
    fitted = time.process_time()
    trained = peak()
    vectors = encoder.transform(graph, features)
    row = {
        "entities": len(vectors), "links": given.edges, "steps": given.epochs * training.steps,
        "fit_seconds": fitted - started, "transform_seconds": time.process_time() - fitted,
        "fit_mib": trained, "mib": peak(), "data_mib": (features.nbytes + triples.nbytes) / 2**20,
        "valid_auc": encoder.valid_auc_,
    }  # fmt: skip
    print("  ".join(f"{k} {v:.5g}" for k, v in row.items()), file=sys.stderr)
    return row


class Numbers(SimpleNamespace):
    """All that an encoder asks of a graph: how many entities, which triples."""

    def __init__(self, size: int, triples: np.ndarray, relations: tuple[str, ...] = ("r",)) -> None:
        super().__init__(size=size, triples=triples, relations=relations)

    def __len__(self) -> int:
        return self.size


def hidden(given: argparse.Namespace) -> dict[str, Any]:
    """Ranks of hidden concepts' parents, by each encoder and objective."""
    from kgml.encoders.node import entity_sentences
    from kgml.encoders.text import TextEncoder
    from kgml.kg.load import load_graph

    graph = load_graph(given.shared / "ontologies" / FILES[given.graph])
    texts = graph.labels if given.texts == "labels" else entity_sentences(graph)
    features = TextEncoder().encode(texts)
    relations = tuple(str(r) for r in graph.relations)
    matrix = graph.is_a.tocoo()
    parents = np.stack([matrix.row, matrix.col], axis=1).astype(np.int64)
    results: dict[str, Any] = {}
    rows = [("text", ""), ("propagate", "")]
    rows += [(name, objective) for objective in given.objectives for name in given.encoders]
    for name, objective in rows:
        for placebo in (False, True):
            if placebo and name == "text":
                continue
            runs = [
                one_hidden(name, objective, placebo, seed, features, graph.triples, parents,
                           relations)
                for seed in range(given.seeds)
            ]  # fmt: skip
            row = summary(runs)
            label = f"{name} {objective}".strip() + (" placebo" if placebo else "")
            results[label] = row
            print(f"{label:34} {row['mrr']:.3f} [{row['interval'][0]:.3f}-{row['interval'][1]:.3f}] "
                  f"seeds ±{row['deviation']:.3f}  {row['seconds']:6.1f} CPU s",
                  file=sys.stderr, flush=True)  # fmt: skip
    return results


def one_hidden(
    name: str, objective: str, placebo: bool, seed: int, features: np.ndarray,
    triples: np.ndarray, parents: np.ndarray, relations: tuple[str, ...],
) -> tuple[np.ndarray, float]:  # fmt: skip
    """Reciprocal ranks (a,) of hidden concepts' parents, and processor seconds."""
    from kgml.registry import resolve

    e = len(features)
    rng = np.random.default_rng(seed)
    is_hidden = np.zeros(e, dtype=bool)
    children = np.unique(parents[:, 0])
    is_hidden[rng.permutation(children)[: e // 10]] = True
    seen = np.flatnonzero(~is_hidden)
    number = np.full(e, -1)
    number[seen] = np.arange(len(seen))
    asked = parents[is_hidden[parents[:, 0]]]
    # Every edge up from a hidden concept is asked for, so none of them is there when it is encoded.
    gone = is_hidden[triples[:, 0]]
    known = triples[~gone]
    if placebo:
        order = rng.permutation(e)
        known = np.column_stack([order[known[:, 0]], known[:, 1], order[known[:, 2]]])
    kept = known[(number[known[:, 0]] >= 0) & (number[known[:, 2]] >= 0)]
    kept = np.column_stack([number[kept[:, 0]], kept[:, 1], number[kept[:, 2]]])
    options = {"objective": objective} if objective else {}
    encoder = resolve("node_encoder", name)(seed=seed, **options)
    started = time.process_time()
    encoder.fit(Numbers(len(seen), kept, relations), features[seen])
    vectors = encoder.transform(Numbers(e, known, relations), features)
    seconds = time.process_time() - started
    return reciprocal_ranks(vectors, asked, parents), seconds


def reciprocal_ranks(vectors: np.ndarray, asked: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Of each asked (child, parent), filtered: other parents of the child do not count."""
    found = []
    for child, parent in asked:
        scores = vectors @ vectors[child]
        true = scores[parent]
        scores[child] = -np.inf
        scores[parents[parents[:, 0] == child, 1]] = -np.inf
        found.append(1 / (1 + (scores > true).sum() + (scores == true).sum() / 2))
    return np.array(found)


def summary(runs: list[tuple[np.ndarray, float]]) -> dict[str, Any]:
    """Mean over seeds, bootstrap interval over the concepts of all of them."""
    means = [ranks.mean() for ranks, _ in runs]
    pooled = np.concatenate([ranks for ranks, _ in runs])
    rng = np.random.default_rng(0)
    draws = [pooled[rng.integers(len(pooled), size=len(pooled))].mean() for _ in range(1_000)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return {
        "mrr": float(np.mean(means)), "interval": [float(low), float(high)],
        "deviation": float(np.std(means)), "asked": len(pooled),
        "seconds": float(np.mean([seconds for _, seconds in runs])),
    }  # fmt: skip


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("cost", "large", "hidden"))
    parser.add_argument("--nodes", type=int)
    parser.add_argument("--edges", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--limit", type=float, help="GiB this process may address (large)")
    parser.add_argument("--graph", choices=FILES, default="doid")
    parser.add_argument("--texts", choices=("sentences", "labels"), default="sentences")
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=ENCODERS)
    parser.add_argument("--objectives", nargs="+",
                        default=["link-prediction", "infomax", "contrast"])  # fmt: skip
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    usual = (1_000_000, 10_000_000, 2) if given.what == "large" else (200_000, 1_000_000, 3)
    for name, value in zip(("nodes", "edges", "epochs"), usual, strict=True):
        if getattr(given, name) is None:
            setattr(given, name, value)
    warnings.simplefilter("ignore")
    if given.one:
        print(json.dumps(one_cost(given)))
        return
    results = {"cost": cost, "large": large, "hidden": hidden}[given.what](given)
    if given.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
