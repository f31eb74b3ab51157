"""Texts with gold mentions, from JSONL: what a linker is scored against.

A line is ``{"text": ..., "mentions": [{"start": 0, "end": 5, "id": "HP:0001250"}, ...]}``, offsets
in characters. A mention may repeat its words as ``text``, a line may have a ``split``; other
fields are left alone.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from kgml.data.tables import json_lines, utf8
from kgml.errors import CorpusError, one_of
from kgml.progress import warn

ENDINGS = (".jsonl", ".ndjson")


class Annotation(NamedTuple):
    """A gold mention as its file has it; ``text`` is the slice where the file does not say."""

    start: int
    end: int
    text: str
    id: str


def read_gold(path: Path, split: str | None = None) -> tuple[list[str], list[list[Annotation]]]:
    """The texts of ``path`` and the mentions of each, in the order of the file.

    Args:
        split: only the lines whose field ``split`` has this value; None for all.

    Raises:
        CorpusError: not JSONL, a field missing or of another type, no line of that split.
    """
    path = Path(path)
    if not path.is_file():
        raise CorpusError(f"{path}: no such file. Check the path.")
    if path.suffix.lower() not in ENDINGS:
        raise CorpusError(f"{path}: found '{path.suffix}', wanted gold mentions as .jsonl.")
    texts: list[str] = []
    gold: list[list[Annotation]] = []
    seen: Counter[str] = Counter()
    with utf8(path):
        for number, row in json_lines(path):
            name = row.get("split")
            seen[str(name)] += name is not None
            if split is None or name == split:
                where = f"{path}, line {number}"
                texts.append(_field(where, row, "text", str, "a string"))
                gold.append(_mentions(where, row, texts[-1]))
    if not texts:
        raise _nothing(path, split, sorted(+seen))
    _check_offsets(path, texts, gold)
    return texts, gold


def _nothing(path: Path, split: str | None, splits: list[str]) -> CorpusError:
    if split is None:
        return CorpusError(f"{path}: no lines in it; wanted a text with its mentions on each.")
    if not splits:
        return CorpusError(f"{path}: no line has a field 'split'. Leave --split out.")
    return CorpusError(f"{path}: no line of the split '{split}'; {one_of(splits, split)}")


def _mentions(where: str, row: dict[str, Any], text: str) -> list[Annotation]:
    found = []
    for number, mention in enumerate(_field(where, row, "mentions", list, "a list"), 1):
        at = f"{where}, mention {number}"
        if not isinstance(mention, dict):
            raise CorpusError(
                f"{at}: found {_kind(mention)}, wanted an object with start, end and id."
            )
        start = _field(at, mention, "start", int, "a whole number")
        end = _field(at, mention, "end", int, "a whole number")
        if not 0 <= start < min(end, len(text)):
            raise CorpusError(
                f"{at}: found start {start} and end {end} in a text of {len(text)} characters, "
                "wanted a start within the text and an end above it. Offsets count characters."
            )
        name = _field(at, mention, "id", str, "a string").strip()
        words = mention.get("text", text[start:end])
        if not isinstance(words, str) or not name:
            field, wrong = ("text", words) if name else ("id", name)
            raise CorpusError(f"{at}: '{field}' is {_kind(wrong)}, wanted a string with words.")
        found.append(Annotation(start, end, words, name))
    return found


def _field(where: str, row: dict[str, Any], name: str, kind: type, wanted: str) -> Any:
    if name not in row:
        raise CorpusError(f"{where}: no field '{name}', wanted {wanted}; {one_of(row, name)}")
    if type(row[name]) is not kind:
        raise CorpusError(f"{where}: '{name}' is {_kind(row[name])}, wanted {wanted}.")
    return row[name]


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", type(None): "null"}
    return "empty" if value == "" else kinds.get(type(value), repr(value))


def _check_offsets(path: Path, texts: list[str], gold: list[list[Annotation]]) -> None:
    """Warn of mentions whose words do not stand at their offsets."""
    wrong = [
        (row, mention)
        for row, (text, mentions) in enumerate(zip(texts, gold, strict=True), 1)
        for mention in mentions
        if text[mention.start : mention.end] != mention.text or mention.end > len(text)
    ]
    if wrong:
        row, mention = wrong[0]
        found = texts[row - 1][mention.start : mention.end]
        warn(
            f"{path}: {len(wrong):,} of {sum(map(len, gold)):,} gold mentions have offsets that do "
            f"not match the text, such as '{mention.text}' in text {row}, where '{found}' stands; "
            "offsets are believed"
        )
