"""One text on the command line, or a column of a table: the choice of predict and link."""

from __future__ import annotations

from pathlib import Path

from kgml.data.tables import is_lines
from kgml.errors import InputError, UsageError


def check_source(text: str | None, data: Path | None, name: str = "TEXT") -> None:
    """Refuse both and neither, before anything heavy is loaded.

    Raises:
        UsageError: not exactly one of TEXT and ``--data`` was given.
        InputError: TEXT is blank or was not UTF-8, or there is no such file.
    """
    if text is not None and data is not None:
        raise UsageError("TEXT and --data exclude each other; give one of them.")
    if data is not None and not data.exists():
        raise InputError(f"{data}: no such file. Check --data.")
    if data is not None:
        return
    if text is None:
        raise UsageError('nothing to read; give a TEXT in quotes, or a table with "--data FILE".')
    if not text.strip():
        raise InputError(f"{name} is empty; give at least one word.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        step = "save it as UTF-8 in a table and use --data" if name == "TEXT" else "type it again"
        raise InputError(f"{name} is not valid UTF-8; {step}.")


def check_columns(data: Path | None, columns: dict[str, str | None]) -> None:
    """Refuse to name a column of a file that has none.

    Args:
        columns: what each flag was given; what ``kgml.toml`` says is meant for tables.

    Raises:
        UsageError: a flag was given, and ``data`` is lines of text.
    """
    given = [flag for flag, name in columns.items() if name is not None]
    if given and data is not None and is_lines(data):
        raise UsageError(
            f"{data}: lines of text have no columns; leave {' and '.join(given)} out, or give a "
            "table."
        )


def check_output(
    output: Path | None, data: Path | None, flag: str = "-o", source: str = "--data"
) -> None:
    """Refuse to write over the table that is read.

    Raises:
        UsageError: the two are one file.
    """
    if output is not None and data is not None and output.exists() and output.samefile(data):
        raise UsageError(
            f"{flag} {output} is the table that {source} names; choose another {flag}."
        )


def read(text: str | None, data: Path | None, text_column: str) -> list[str]:
    """The texts, in the order of the table."""
    if text is not None:
        return [text]
    from kgml.data.corpus import read_texts

    assert data is not None  # check_source
    return read_texts(data, text_column)


def check_sources(several: list[str] | None, data: Path | None) -> None:
    """`check_source` of each of several texts."""
    if not several:
        check_source(None, data)
    for text in several or []:
        check_source(text, data)


def read_part(
    several: list[str] | None, data: Path | None, text_column: str, split: str | None,
    split_column: str | None, sample: int | None, seed: int,
) -> tuple[list[int], list[str]]:  # fmt: skip
    """Row numbers from 1, and texts: those given, or of a table the rows asked for."""
    if several:
        return list(range(1, len(several) + 1)), several
    from kgml.data.corpus import read_part as read

    assert data is not None  # check_sources
    return read(data, text_column, split, split_column, sample, seed)
