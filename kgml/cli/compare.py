"""``kgml compare``: does the ontology help, is it the knowledge, is it worth it?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from kgml.cli import options
from kgml.cli.output import Call, columns
from kgml.config import TrainConfig
from kgml.errors import UsageError
from kgml.registry import OPTIONS

SEVERAL = ("--graph", "--per-class", "--fusion")
"""Options that take values up to the next option, and may be repeated."""


class Several(TyperCommand):
    """A command whose ``--per-class 8 32 full`` is ``--per-class 8 --per-class 32 ...``."""

    several: tuple[str, ...] = SEVERAL

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat an option of ``several`` before each of its further values."""
        return super().parse_args(ctx, repeated(args, self.several))


def repeated(args: list[str], several: Sequence[str] = SEVERAL) -> list[str]:
    """``args`` with the options of ``several`` written before each value.

    >>> repeated(["--per-class", "8", "full", "--json"])
    ['--per-class', '8', '--per-class', 'full', '--json']
    """
    found: list[str] = []
    option, fresh = None, False
    for argument in args:
        if argument.startswith("-"):
            name, equals, _ = argument.partition("=")
            option, fresh = (name, not equals) if name in several else (None, False)
        elif option is not None and not fresh:
            found.append(option)
        else:
            fresh = False
        found.append(argument)
    return found


def compare(
    ctx: typer.Context,
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="FILE", help="CSV, TSV, JSONL or Parquet.", show_default=False
        ),
    ],
    graph: Annotated[
        list[Path],
        typer.Option(
            "--graph", metavar="DIR...", help="Built graphs or ontologies.", show_default=False
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Folder of cells and results; a stopped run "
            "goes on there.", show_default=False,
        ),
    ],
    per_class: Annotated[
        list[str] | None,
        typer.Option(
            "--per-class", metavar="N...", help="Training rows per class, and full for all. "
            "Default: 8 16 32 64 full.",
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", min=1, help="Draws of training rows at each size.")
    ] = 10,
    fusion: Annotated[
        list[str] | None,
        typer.Option(
            "--fusion", metavar="NAME...",
            help=f"{'|'.join(n for n in OPTIONS['fusion'] if n != 'none')}; placebos and what is "
            "left out are asked of the first. Default: all.",
        ),
    ] = None,
    text_column: options.TextColumn = None,
    label_column: options.LabelColumn = None,
    split_column: options.SplitColumn = None,
    test_size: options.TestSize = None,
    node_encoder: options.NodeEncoder = None,
    head: Annotated[
        str | None,
        typer.Option(
            "--head", metavar="NAME",
            help=f"{'|'.join(OPTIONS['head'])}. Default: {TrainConfig.head}.",
        ),
    ] = None,
    encoder: options.Encoder = None,
    precision: options.Precision = None,
    long_texts: options.LongTexts = None,
    device: options.Device = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:  # fmt: skip
    """Say whether the ontology helps, whether it is the knowledge, and whether it is worth it.

    Text, text + TF-IDF, every fusion, kgml as shipped and two placebos (entities permuted; is-a
    edges rewired) on the same draws of training rows and the same test rows, with paired bootstrap
    and exact McNemar tests, Holm-corrected. Writes results.json, results.csv and report.md.
    """  # fmt: skip
    call = Call.start(ctx, json, seed, quiet)
    if split_column is not None and test_size is not None:
        raise UsageError("--split-column and --test-size exclude each other; give one of them.")
    config = call.config(
        encoder={
            "model": encoder, "node_encoder": node_encoder, "precision": precision,
            "long_texts": long_texts, "device": device,
            # a node encoder asked for here wins over vectors named in kgml.toml
            "vectors": "" if node_encoder is not None else None,
        },
        train={
            "text_column": text_column, "label_column": label_column,
            "split_column": split_column, "test_size": test_size, "head": head,
        },
    )  # fmt: skip
    from kgml.models.compare.question import Question

    question = Question.of(data, graph, per_class or (), seeds, fusion or (), config)
    from kgml.models.compare.run import compare as run

    with call.working():
        result = run(question, output)
    call.result(result, human)


def human(result: dict[str, Any]) -> str:
    """Macro-F1 of each system at each size, then the answers."""
    from kgml.evaluation.report import QUESTIONS, name

    sizes = result["sizes"]
    table: list[list[object]] = [["macro-F1", *(size["per_class"] for size in sizes)]]
    for system in sizes[0]["systems"]:
        scores = [size["systems"][system]["macro_f1"] for size in sizes]
        table.append([name(system), *(
            f"{s['mean']:.3f} [{s['interval'][0]:.3f}–{s['interval'][1]:.3f}]" for s in scores
        )])  # fmt: skip
    said = [f"{asked} {result['answers'][key]['sentence']}" for key, asked in QUESTIONS.items()]
    return "\n".join([
        columns(table), *said, f"{result['trained']:,} models trained, {result['seconds']:.1f} s",
        f"written to {result['path']}",
    ])  # fmt: skip
