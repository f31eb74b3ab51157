"""``kgml encode``: entities of a graph, or a link-prediction set, become vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.artifacts import read_manifest
from kgml.cli import options
from kgml.cli.output import Call, columns
from kgml.errors import UsageError
from kgml.registry import check

HITS = ("1", "3", "10")
FILES = "File of head<tab>relation<tab>tail lines"


def encode(
    ctx: typer.Context,
    graph: Annotated[
        Path | None,
        typer.Argument(
            help="A folder that kgml build-graph wrote, or an ontology.", show_default=False
        ),
    ] = None,
    node_encoder: options.NodeEncoder = None,
    objective: options.Objective = None,
    triples: Annotated[
        Path | None,
        typer.Option(
            "--triples", metavar="FILE", help=f"{FILES} to learn from, in place of GRAPH."
        ),
    ] = None,
    valid: Annotated[
        Path | None, typer.Option("--valid", metavar="FILE", help=f"{FILES} that say when to stop.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option("--test", metavar="FILE", help=f"{FILES} to be ranked.")
    ] = None,
    remove_leakage: Annotated[
        bool,
        typer.Option(
            "--remove-leakage",
            help="Do not learn from triples that a test triple repeats under an equal relation, "
            "or turned round under an inverse one.",
        ),
    ] = False,
    dimension: Annotated[
        int | None,
        typer.Option("--dimension", metavar="N", min=2, help="Of a vector, where it is trained."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", metavar="N", min=1, help="At most so many passes of training."),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            metavar="DIR",
            help="Save training there, and go on from what is there.",
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="DIR",
            help="Vectors that kgml encode wrote: their node encoder encodes GRAPH, untrained.",
        ),
    ] = None,
    encoder: options.Encoder = None,
    precision: options.Precision = None,
    long_texts: options.LongTexts = None,
    device: options.Device = None,
    output: options.Output = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Give every entity a vector; score a link-prediction set.

    With --triples, --valid and --test: filtered, realistic ranks in both directions, with 95%
    bootstrap intervals. How a node encoder is trained is said under [node_training] of kgml.toml.
    """
    call = Call.start(ctx, json, seed, quiet)
    sets = {"--triples": triples, "--valid": valid, "--test": test}
    _check(graph, sets, remove_leakage)
    of_training = {
        "objective": objective, "dimension": dimension, "epochs": epochs, "checkpoint": checkpoint,
    }  # fmt: skip
    of_text = {
        "encoder": encoder, "precision": precision, "long-texts": long_texts, "device": device,
    }  # fmt: skip
    then = {} if source is None else _trained(source, graph, node_encoder, of_training)
    config = call.config(
        then.get("config"),
        encoder={
            "model": encoder, "node_encoder": then.get("node_encoder", node_encoder),
            "objective": objective, "precision": precision, "long_texts": long_texts,
            "device": device,
        },
        node_training={"dimension": dimension, "epochs": epochs},
    )  # fmt: skip
    config.encoder.check()
    check("node_encoder", config.encoder.node_encoder)
    check("objective", config.encoder.objective)
    from kgml.encoders.making import check_flags
    from kgml.models import encode as run

    check_flags(config.encoder.node_encoder, {**of_training, **of_text})
    with call.working():
        if graph is not None and source is not None:
            result = run.apply_encoder(graph, source, output, config=config, command=call.command)
        elif graph is not None:
            result = run.encode_graph(
                graph, output, config=config, checkpoint=checkpoint, command=call.command
            )
        else:
            files = [file for file in sets.values() if file is not None]
            result = run.predict_links(
                *files, output=output, config=config, checkpoint=checkpoint,
                remove_leakage=remove_leakage, command=call.command,
            )  # fmt: skip
    call.result(result, human if graph is not None else human_links)


def _check(graph: Path | None, sets: dict[str, Path | None], remove_leakage: bool) -> None:
    given = [name for name, file in sets.items() if file is not None]
    missing = [name for name, file in sets.items() if file is None]
    if graph is not None and (given or remove_leakage):
        raise UsageError(
            f"GRAPH and {(given or ['--remove-leakage'])[0]} exclude each other; give one of them."
        )
    if graph is None and missing:
        raise UsageError(
            f"{' and '.join(missing)} missing: give {', '.join(sets)} together."
            if given
            else f"nothing to encode: give GRAPH, or {', '.join(sets)} together."
        )


def _trained(
    source: Path, graph: Path | None, node_encoder: str | None, of_training: dict[str, Any]
) -> dict[str, Any]:
    """The node encoder of ``source``, and the text encoder for what neither a flag nor
    ``kgml.toml`` says."""
    manifest = read_manifest(source, "vectors", verify=False)
    name = manifest.summary.get("node_encoder")
    others = {"triples": None if graph else True, **of_training}
    excluded = [f"--{option}" for option, value in others.items() if value is not None]
    if excluded:
        raise UsageError(
            f"--from and {excluded[0]} exclude each other: a GRAPH is encoded, and nothing trained. "
            "Leave one out."
        )
    if node_encoder not in (None, name):
        raise UsageError(
            f"--from {source} and --node-encoder {node_encoder} exclude each other: these vectors "
            f"are of '{name}'. Leave --node-encoder out."
        )
    options = manifest.config.get("encoder", {})
    kept = {k: options[k] for k in ("model", "precision", "long_texts") if k in options}
    return {"node_encoder": name, "config": {"encoder": kept}}


def human(result: dict[str, Any]) -> str:
    """What was made, as a small table."""
    names = ("node_encoder", "objective", "entities", "dimension", "zero")
    rows = [[name.replace("_", " "), result[name]] for name in names if name in result]
    if result["history"]:
        rows.append(["epochs", len(result["history"])])
    if result.get("valid_auc") is not None:
        rows.append(["AUC of held-out links", f"{result['valid_auc']:.3f}"])
    return "\n".join(
        [columns(rows), f"{result['seconds']:.1f} s, written to {result['path']}"]
    )  # fmt: skip


def human_links(result: dict[str, Any]) -> str:
    """Each score with its interval, then what was ranked."""
    interval = result["interval"]
    table = [["MRR", _score(result["mrr"], interval["mrr"])]]
    table += [
        [f"Hits@{k}", _score(result["hits"][k], interval["hits"][k])] for k in HITS
    ]  # fmt: skip
    leaks, count = result["leakage"], result["triples"]
    lines = [
        columns(table),
        f"{count['test']:,} test triples, filtered, realistic, both directions; "
        f"{count['train']:,} training triples, {result['epochs']} epochs, "
        f"{result['seconds']:.1f} s",
        f"leakage: {leaks['inverse']:,} inverse and {leaks['duplicate']:,} duplicate training "
        f"triples, {leaks['seen']:,} test triples seen; {leaks['removed']:,} removed",
    ]
    if result["path"]:
        lines.append(f"written to {result['path']}")
    return "\n".join(lines)


def _score(value: float, interval: list[float]) -> str:
    return f"{value:.3f} [{interval[0]:.3f}–{interval[1]:.3f}]"
