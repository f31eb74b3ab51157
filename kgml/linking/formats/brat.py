"""BRAT standoff: a text and its annotations side by side, for annotators.

https://brat.nlplab.org/standoff.html; a discontinuous mention is written as brat 1.3 does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgml.artifacts import check_target, writing
from kgml.errors import UsageError
from kgml.linking.formats.base import FLAGS, Format, Linked, curie, vocabulary

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

KIND = "annotations"
"""Of the artifact that the folder is."""
_LINE_END = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
"""What Python, in which brat is written, takes for the end of a line, and the space around it."""
_UNWRITABLE = re.compile(r"[\ud800-\udfff]")


class Brat(Format):
    """A folder with ``001.txt`` and ``001.ann`` for the first text, and ``annotation.conf``.

    What each text is called stands in ``ids.tsv``, which brat does not look at.

    A mention has the type of its vocabulary (``HP``), the first candidate as its normalisation
    and a line for each flag (``Negated``). brat knows no mention across a line end: there it
    becomes two fragments.
    """

    ending = ""

    def check(self, path: Path) -> None:
        """Refuse a folder that holds something else, or an annotator's work."""
        check_target(path, KIND, by_hand=True)

    def write(self, path: Path, linked: Sequence[Linked], graph: KnowledgeGraph) -> None:
        """Write the folder, with a manifest; only an empty one or one as we wrote it is replaced."""
        width = max(3, len(str(len(linked))))
        kinds: set[str] = set()
        ids: list[str] = []
        with writing(path, KIND, made_from=graph.sources) as folder:
            for number, one in enumerate(linked, 1):
                name = folder / f"{number:0{width}}"
                ids.append(f"{name.name}\t{_flat(str(one.id))}\n")
                text = _UNWRITABLE.sub("\ufffd", one.text)  # as long as it was
                kinds.update(vocabulary(mention, graph) for mention in one.mentions)
                name.with_suffix(".txt").write_bytes(text.encode())
                lines = "".join(f"{line}\n" for line in standoff(one._replace(text=text), graph))
                name.with_suffix(".ann").write_bytes(lines.encode())
            (folder / "ids.tsv").write_text("".join(ids), encoding="utf-8")
            (folder / "annotation.conf").write_text(configuration(kinds), encoding="utf-8")

    def render(self, linked: Sequence[Linked], graph: KnowledgeGraph) -> str:
        """Refuse: two files per text do not fit in one."""
        raise UsageError("--format brat is a folder of files; name it with -o DIR.")


def configuration(kinds: set[str]) -> str:
    """``annotation.conf``: the types of mentions and what they are marked with."""
    flags = "".join(f"{name}\tArg:<ENTITY>\n" for name in FLAGS.values())
    entities = "".join(f"{kind}\n" for kind in sorted(kinds))
    return f"[entities]\n{entities}[relations]\n[events]\n[attributes]\n{flags}"


def standoff(one: Linked, graph: KnowledgeGraph) -> Iterator[str]:
    """The lines of a text's ``.ann``: T mentions, N normalisations, A attributes."""
    attributes = 0
    for number, mention in enumerate(one.mentions, 1):
        pieces = fragments(one.text, mention)
        offsets = ";".join(f"{start} {end}" for start, end in pieces)
        words = _flat(" ".join(one.text[start:end] for start, end in pieces))
        yield f"T{number}\t{vocabulary(mention, graph)} {offsets}\t{words}"
        name = curie(mention, graph)
        if name is not None:
            label = _flat(mention["candidates"][0]["label"])
            yield f"N{number}\tReference T{number} {_flat(name)}\t{label}"
        for key, flag in FLAGS.items():
            if mention.get(key):
                attributes += 1
                yield f"A{attributes}\t{flag} T{number}"


def fragments(text: str, mention: dict[str, Any]) -> list[tuple[int, int]]:
    """The pieces of a mention, cut at line ends.

    >>> fragments("heart\\nfailure", {"start": 0, "end": 13})
    [(0, 5), (6, 13)]
    """
    found = []
    for start, end in mention.get("pieces") or [(mention["start"], mention["end"])]:
        for gap in _LINE_END.finditer(text, start, end):
            found.append((start, gap.start()))
            start = gap.end()
        found.append((start, end))
    return [(start, end) for start, end in found if start < end]


def _flat(text: str) -> str:
    """On one line and in one column."""
    return _UNWRITABLE.sub("\ufffd", _LINE_END.sub(" ", text).replace("\t", " "))
