"""What an encoder may be given: texts, and no halves of characters."""

from __future__ import annotations

from collections.abc import Sequence

from kgml.errors import CorpusError


def check_texts(texts: Sequence[object]) -> None:
    """Raise `CorpusError` where ``texts`` is one string or holds anything else than strings."""
    if isinstance(texts, str):
        raise CorpusError("encode wants a list of texts, found one string. Put it into a list.")
    bad = [(row, text) for row, text in enumerate(texts) if not isinstance(text, str)]
    if bad:
        rows = ", ".join(str(row) for row, _ in bad[:10]) + (", ..." if len(bad) > 10 else "")
        raise CorpusError(
            f"{len(bad):,} of {len(texts):,} texts are not text: rows {rows} (counted from 0; row "
            f"{bad[0][0]} is {bad[0][1]!r}, a {type(bad[0][1]).__name__}). Fill or drop them."
        )


def without_surrogates(text: str) -> str:
    """``text``, with a question mark for a lone surrogate (half of an emoji cut in two).

    >>> without_surrogates("fever \\ud83e")
    'fever ?'
    """
    # The tokenizer takes none.
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text
