"""Language models from scratch: a recipe against Kneser-Ney, speed against plain PyTorch, and what an
ontology adds.

    python benchmarks/pretrain.py recipe                  # under 20 minutes on 2 cores
    python benchmarks/pretrain.py speed --rounds 5
    python benchmarks/pretrain.py knowledge --seeds 3 --tokens 2000000

``recipe``: Ohsumed's training abstracts and what HPO and DOID say, in ``--minutes``; held-out bits per
byte beside an interpolated Kneser-Ney byte 5-gram (modified: Chen and Goodman 1999) that has read the
same texts, counted in the same run on the same held-out documents, their ends included. ``speed``:
tokens a second of kgml's loop and of a GPT in plain PyTorch as in nanoGPT, of the same size and
batches, in turns. ``knowledge``: perplexity on Ohsumed's test abstracts with and without the ontology,
of the same tokenizer and number of tokens.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import plain_gpt
import torch
from kneser_ney import KneserNey, stream_of

from kgml.config import PretrainConfig
from kgml.data.stream import Source, documents
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.lm.corpus import KNOWLEDGE, TRAIN, VALID, Prepared, prepare
from kgml.lm.evaluate import score
from kgml.lm.network import make_network
from kgml.lm.packed import Mixture, Packed
from kgml.lm.run import BETAS, pretrain
from kgml.lm.sizes import SIZES, count_parameters
from kgml.lm.store import load
from kgml.lm.task import Causal
from kgml.lm.tokenizer import Tokenizer
from kgml.progress import set_notes
from kgml.training.loop import train
from kgml.training.machine import Machine
from kgml.training.plan import Plan

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
OHSUMED = "labels/ohsumed_single23/data.csv"
GRAPHS = ("ontologies/hpo/hp.obo", "ontologies/doid/doid_assembled.obo")
PARTS_A_STEP = 2
"""Micro batches, of speed."""
RECIPE = PretrainConfig(split="train", global_batch=8, device="cpu")


def graphs_of(shared: Path) -> list[KnowledgeGraph]:
    return [load_graph(shared / name) for name in GRAPHS]


def texts_of(prepared: Prepared, part: str) -> list[str]:
    """The documents of a part, from its tokens: what the model reads, not what it should."""
    vocabulary, end = len(prepared.tokenizer), prepared.tokenizer.end
    stream = np.asarray(Packed(prepared.folder / part, vocabulary, 1, 1).tokens)
    ends = np.flatnonzero(stream == end).tolist()
    return [prepared.tokenizer.decode(stream[a + 1 : b].tolist()) for a, b in pairwise(ends)]


def recipe(given: argparse.Namespace, box: Path) -> dict[str, Any]:
    """Held-out bits per byte of a model and of two 5-grams: of the corpus, and of both."""
    clock = time.perf_counter()
    paths, graphs = [given.shared / OHSUMED], graphs_of(given.shared)
    options = replace(RECIPE, size=given.size, max_minutes=given.minutes)
    vocabulary = SIZES[given.size].vocabulary
    prepared = prepare(paths, graphs, options, vocabulary, box / "tokens", seed=given.seed)
    inside, outside, told = (texts_of(prepared, part) for part in (TRAIN, VALID, KNOWLEDGE))
    counted = {
        name: round(KneserNey(stream_of(texts)).bits_per_byte(outside), 4)
        for name, texts in (("corpus", inside), ("corpus and ontology", [*inside, *told]))
    }
    print("Kneser-Ney 5-gram:", counted, file=sys.stderr, flush=True)
    result = pretrain(paths, box / "model", options, graphs=graphs, seed=given.seed)
    assert result is not None
    found = score(load(box / "model"), outside)
    return {
        "bits_per_byte": round(found["bits_per_byte"], 4), "kneser_ney": counted,
        "minutes": round((time.perf_counter() - clock) / 60, 1), "held_out": found,
        **{name: result[name] for name in ("parameters", "tokens", "rounds", "speed", "steps")},
        "threads": torch.get_num_threads(), "processor": os.cpu_count(),
    }  # fmt: skip


def speed(given: argparse.Namespace, box: Path) -> dict[str, Any]:
    """Tokens a second, the median over rounds in which each has its turn: of the clock, and of processor
    time, which other programs on the machine disturb less."""
    shape = SIZES[given.size]
    stream = np.random.default_rng(given.seed).integers(0, shape.vocabulary, 200_000)
    stream.astype(np.uint16).tofile(box / "tokens")
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ("plain", "gpt2", "llama")}
    sizes: dict[str, int] = {}
    for turn in range(given.rounds + 1):  # the first warms up
        for name, taken in found.items():
            steps, sizes[name] = _steps(name, given, box / "tokens")
            clock, processor = time.perf_counter(), time.process_time()
            steps()
            if turn:
                taken.append((time.perf_counter() - clock, time.process_time() - processor))
    tokens = given.steps * PARTS_A_STEP * given.batch * shape.context
    result: dict[str, Any] = {"parameters": sizes, "threads": torch.get_num_threads(),
                              "rounds": given.rounds, "precision": given.precision}  # fmt: skip
    for place, kind in enumerate(("clock", "processor")):
        taken_by = {name: [pair[place] for pair in pairs] for name, pairs in found.items()}
        result[kind] = {
            "tokens_per_second": {
                name: round(tokens / float(np.median(taken)), 1) for name, taken in taken_by.items()
            },
            "ratio_of_each_round": {
                name: [
                    round(b / a, 3) for a, b in zip(taken_by[name], taken_by["plain"], strict=True)
                ]
                for name in ("gpt2", "llama")
            },
        }
        rounds = result[kind]["ratio_of_each_round"]
        result[kind]["ratio"] = {name: round(float(np.median(r)), 3) for name, r in rounds.items()}
    return result


def _steps(name: str, given: argparse.Namespace, tokens: Path) -> tuple[Callable[[], object], int]:
    """What is timed, and how many parameters it trains."""
    shape = SIZES[given.size]
    if name == "plain":
        model, stream = plain_gpt.GPT(shape), np.fromfile(tokens, dtype=np.uint16)
        size = sum(p.numel() for p in model.parameters())
        return partial(plain_gpt.run, model, stream, shape, given, PARTS_A_STEP), size
    packed = Packed(tokens, shape.vocabulary, shape.context + 1, shape.context)
    task = Causal(
        make_network(shape, name, Tokenizer.learn(["a"], 300, "causal"), given.seed),
        Mixture(packed, None, 0.0, given.seed), packed, rate=1e-3, seed=given.seed,
        rows_a_step=PARTS_A_STEP * given.batch, rows_a_part=given.batch,
    )  # fmt: skip
    plan = Plan(given.steps, shape="cosine", floor=0.1, decay=0.1, betas=BETAS, fused=True,
                precision=given.precision)  # fmt: skip
    machine = Machine("cpu", given.precision)
    return partial(train, task, plan, machine, seed=given.seed), count_parameters(shape, name)


def knowledge(given: argparse.Namespace, box: Path) -> dict[str, Any]:
    """Scores on the test abstracts for each seed, with the share of knowledge and without."""
    paths, graphs = [given.shared / OHSUMED], graphs_of(given.shared)
    test = list(documents(Source((paths[0],), split="test")))[: given.test]
    rows = []
    for seed in range(given.seed, given.seed + given.seeds):
        for share in (0.0, given.share):
            options = replace(
                RECIPE, size=given.size, max_tokens=given.tokens, knowledge_share=share, checks=2
            )
            output = box / f"{seed}-{share}"
            result = pretrain(paths, output, options, graphs=graphs, seed=seed)
            assert result is not None
            found = score(load(output), test)
            kept = ("perplexity", "byte_perplexity", "bits_per_byte")
            row = {"seed": seed, "share": share, "tokens": result["tokens"],
                   "rounds": result["rounds"], **{name: found[name] for name in kept}}  # fmt: skip
            rows.append(row)
            print(json.dumps(row), file=sys.stderr, flush=True)
    return {"runs": rows, "difference": _difference(rows), "test_documents": len(test)}


def _difference(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Bits per byte with less those without, seed by seed: below 0, the ontology helps."""
    pairs = [
        with_it["bits_per_byte"] - without["bits_per_byte"]
        for without, with_it in zip(rows[::2], rows[1::2], strict=True)
    ]
    spread = float(np.std(pairs, ddof=1)) if len(pairs) > 1 else None
    return {"of_each_seed": pairs, "mean": float(np.mean(pairs)), "standard_deviation": spread}


PARTS = {"recipe": recipe, "speed": speed, "knowledge": knowledge}


def main() -> None:
    """Parse, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("part", choices=list(PARTS))
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--size", default="micro", choices=list(SIZES))
    parser.add_argument("--minutes", type=float, default=16.0, help="of training, of recipe")
    parser.add_argument("--rounds", type=int, default=5, help="of speed")
    parser.add_argument("--steps", type=int, default=20, help="in a round, of speed")
    parser.add_argument("--batch", type=int, default=8, help="rows at once, of speed")
    parser.add_argument("--precision", default="no", choices=["no", "bf16"], help="of speed")
    parser.add_argument("--seeds", type=int, default=3, help="of knowledge")
    parser.add_argument("--tokens", type=int, default=2_000_000, help="of each run, of knowledge")
    parser.add_argument("--share", type=float, default=PretrainConfig.knowledge_share)
    parser.add_argument("--test", type=int, help="test abstracts scored, of knowledge; all")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.shared = given.shared.resolve()
    set_notes(lambda text: print(text, file=sys.stderr, flush=True))
    with tempfile.TemporaryDirectory() as box:
        print(json.dumps(PARTS[given.part](given, Path(box)), indent=2))


if __name__ == "__main__":
    main()
