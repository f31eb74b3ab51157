"""``kgml evaluate`` of a language model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kgml.artifacts import read_manifest
from kgml.cli.output import Call, columns
from kgml.errors import ArtifactError, UsageError

KIND = "language-model"
TEST = "test"


def is_language_model(model: Path) -> bool:
    """Whether ``kgml pretrain`` wrote it."""
    try:
        return read_manifest(model, verify=False).kind == KIND
    except ArtifactError:
        return False  # whoever reads it as another kind says what is wrong


def evaluate(
    call: Call, model: Path, data: Path, text_column: str | None, split_column: str | None,
    labels: Mapping[str, object],
) -> None:  # fmt: skip
    """Print how well ``model`` foretells the test rows of a table with a split, or all texts.

    Args:
        labels: options that a language model has no use for.
    """
    given = [flag for flag, value in labels.items() if value is not None]
    if given:
        raise UsageError(
            f"{model}: a language model, which knows no labels; leave {' and '.join(given)} out."
        )
    manifest = read_manifest(model, KIND, verify=False)
    trained = dict(manifest.config.get("pretrain", {}))
    kept = {name: trained[name] for name in ("text_column", "split_column", "unit")}
    config = call.config(
        {"pretrain": kept, "seed": manifest.seed or 0},
        pretrain={"text_column": text_column, "split_column": split_column},
    ).pretrain
    from kgml.data.stream import columns_of
    from kgml.encoders.device import choose_device
    from kgml.lm.corpus import source_of
    from kgml.lm.evaluate import evaluate as run
    from kgml.lm.store import load

    chosen = split_column is not None or config.split_column in columns_of(data)
    split = TEST if chosen else None
    if chosen:
        call.note(f"the rows '{TEST}' of column {config.split_column}")
    with call.working():
        loaded = load(model, choose_device(config.device))
        result = run(loaded, source_of([data], replace(config, split=split)))
    call.result({"split": split or "all", **result}, human)


def human(result: dict[str, Any]) -> str:
    """One score a line."""
    rows: list[list[object]] = [["perplexity of a token", f"{result['perplexity']:.2f}"]]
    if result["objective"] == "causal":
        rows += [
            ["bits per byte", f"{result['bits_per_byte']:.4f}"],
            ["perplexity of a byte", f"{result['byte_perplexity']:.4f}"],
        ]
    else:
        rows.append(["hidden tokens told", f"{result['accuracy']:.3f}"])
    return columns([
        *rows, ["documents", f"{result['documents']:,}"], ["tokens", f"{result['tokens']:,}"],
        ["bytes", f"{result['bytes']:,}"],
    ])  # fmt: skip
