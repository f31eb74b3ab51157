"""Which languages the texts are in."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from kgml.data.quality.finding import Finding, first_rows, shown, weigh

LOOKED_AT = 20_000
"""Texts, at most; of more, so many are drawn."""
READ = 300
"""Characters of a text."""
SURE = 0.8
"""Probability from which on a text is told to be in a language; below it is taken for the main one."""
WORDS = 3
"""Of a text that has a language."""
ALIKE = {"pcm": "en"}
"""Short English sentences are taken for Nigerian Pidgin."""
LEAST = 0.01
"""Share of a language that is listed."""


def language_mix(texts: Sequence[str], seed: int = 0) -> Finding:
    """Rows that are surely in another language than most are."""
    rows = np.arange(len(texts))
    if len(rows) > LOOKED_AT:
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:LOOKED_AT])
    of = {i: told for i in rows.tolist() if (told := language_of(texts[i])) is not None}
    counts = Counter(of.values())
    main = counts.most_common(1)[0][0] if counts else None
    others = [i for i, told in of.items() if told != main]
    drawn = "" if len(rows) == len(texts) else f" of {len(rows):,} that were drawn"
    return Finding(
        "language mix", "consistency", weigh(len(others), len(rows), 0.05), len(others),
        f"{len(others):,} texts{drawn} are in another language than most are",
        _evidence(texts, of, counts, others),
        "Take them out, or name an --encoder of these languages; an ontology has to have their labels too."
        if others else "", first_rows(others),
    )  # fmt: skip


def language_of(text: str) -> str | None:
    """The code (ISO 639) of a text's language; None where that is not sure.

    >>> language_of("Der Umsatz stieg im dritten Quartal um zwölf Prozent."), language_of("EUR 4 mn")
    ('de', None)
    """
    if len(re.findall(r"[^\W\d_]{2,}", text[:READ])) < WORDS:
        return None
    # a lone surrogate has no language, and no encoding
    code, probability = _identifier().classify(text[:READ].encode("utf-8", "replace").decode())
    return ALIKE.get(code, str(code)) if probability >= SURE else None


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _evidence(
    texts: Sequence[str], of: dict[int, str], counts: Counter[str], others: Sequence[int]
) -> str:
    """Shares of the languages, and of each other one the first row."""
    if not counts:
        return "no text is long enough to tell"
    shares = [f"{code} {n / counts.total():.1%}" for code, n in counts.most_common()
              if n >= LEAST * counts.total()]  # fmt: skip
    first: dict[str, list[int]] = defaultdict(list)
    for i in others:
        first[of[i]].append(i)
    rows = [f"row {some[0] + 1} is {code}: {shown(texts[some[0]])}" for code, some in first.items()]
    return "; ".join([", ".join(shares), *rows[:2]])
