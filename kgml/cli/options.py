"""The options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from kgml.config import EncoderConfig
from kgml.registry import OPTIONS

Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else there.")
]
Seed: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--seed", metavar="N", min=0, max=2**32 - 1, help="Seed of all that is random. Default: 0."
    ),
]
Quiet: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="Errors only on stderr: no bars, notes, warnings.")
]
TextColumn: TypeAlias = Annotated[
    str | None,
    typer.Option("--text-column", metavar="NAME", help="Column of texts. Default: text."),
]
LabelColumn: TypeAlias = Annotated[
    str | None,
    typer.Option("--label-column", metavar="NAME", help="Column of labels. Default: label."),
]
SplitColumn: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--split-column", metavar="NAME", help="Column that says train or test. Default: split."
    ),
]
Graph: TypeAlias = Annotated[
    Path,
    typer.Argument(
        help="A folder that kgml build-graph wrote, or an ontology.", show_default=False
    ),
]
Text: TypeAlias = Annotated[str | None, typer.Argument(help="One text.", show_default=False)]
Data: TypeAlias = Annotated[
    Path | None,
    typer.Option("--data", metavar="FILE", help="A table: CSV, TSV, JSONL or Parquet."),
]
DataOrLines: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FILE",
        help="A table: CSV, TSV, JSONL or Parquet, or .txt with one text a line.",
    ),
]
TestSize: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--test-size",
        metavar="SHARE",
        min=0.01,
        max=0.99,
        help="Share of rows held out, where no split column is used. Default: 0.25.",
    ),
]
PerClass: TypeAlias = Annotated[
    int | None, typer.Option("--per-class", metavar="N", min=2, help="Train on N rows per class.")
]
Target: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--target", metavar="NAME", help=f"{'|'.join(OPTIONS['target'])}. Default: single."
    ),
]
LabelSeparator: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--label-separator",
        metavar="TEXT",
        help="A cell holds several labels, with this between them.",
    ),
]
Output: TypeAlias = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder to write.")
]
NodeEncoder: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--node-encoder",
        metavar="NAME",
        help=f"{'|'.join(OPTIONS['node_encoder'])}. Default: {EncoderConfig.node_encoder}.",
    ),
]
Objective: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--objective",
        metavar="NAME",
        help=f"{'|'.join(OPTIONS['objective'])}: what a graph neural node encoder is trained for. "
        f"Default: {EncoderConfig.objective}.",
    ),
]
Vectors: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--vectors",
        metavar="DIR",
        help="Vectors of this graph's entities that kgml encode wrote, in place of a node encoder.",
    ),
]
Coverage: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--coverage",
        metavar="SHARE",
        min=0.01,
        max=0.999,
        help="Where labels are ids or IRIs of the graph: back off to the common ancestor that holds "
        "the class of this share of texts, such as 0.9.",
    ),
]
Precision: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--precision",
        metavar="NAME",
        help="Of the text encoder: fp32|bf16 (twice as fast where the processor has it)|int8 (four "
        "times; needs kgml[openvino]). Default: fp32.",
    ),
]
LongTexts: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--long-texts",
        metavar="NAME",
        help="What the text encoder does beyond the tokens it reads: cut|chunks (the mean of pieces). "
        "Default: cut.",
    ),
]
Encoder: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="MODEL",
        help="A sentence-transformers folder, org/name on the model hub, or static (word vectors "
        "alone: for very large corpora). Default: all-MiniLM-L6-v2.",
    ),
]
Device: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="NAME",
        help="Of the text encoder: auto (a GPU if there is one)|cpu|cuda|mps. Default: auto.",
    ),
]
