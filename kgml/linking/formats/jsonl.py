"""One line of JSON per text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kgml.linking.formats.base import FileFormat, Linked

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph


class JSONLines(FileFormat):
    """A line per text, in the order given: ``{"id": ..., "mentions": [...], "text": "..."}``."""

    ending = ".jsonl"

    def render(self, linked: Sequence[Linked], graph: KnowledgeGraph) -> str:
        """The lines, each with a newline at its end."""
        return "".join(
            json.dumps(one._asdict(), ensure_ascii=False, sort_keys=True) + "\n" for one in linked
        )
