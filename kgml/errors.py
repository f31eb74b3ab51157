"""Every error kgml raises on purpose.

KGMLError                 exit 1
├── UsageError            exit 2: an unknown option value, options that contradict each other
├── InputError            something the user gave cannot be used
│   ├── OntologyError     an ontology file: missing, empty, truncated, malformed, too large
│   └── CorpusError       a table of texts and labels
├── ArtifactError         a saved folder: missing, damaged, of another kind, not writable
└── MissingExtraError     something optional that is not installed

A message says what, where, what was found, what was wanted and the next step. The command line
prints the message and exits with ``exit_code``; a traceback is a bug of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class KGMLError(Exception):
    """Base class: catch this to catch every refusal of kgml."""

    exit_code = 1


class UsageError(KGMLError):
    """The call itself is wrong: an unknown name, options that exclude each other."""

    exit_code = 2


class InputError(KGMLError):
    """A file, table, text or value given by the user cannot be used."""


class OntologyError(InputError):
    """An ontology file cannot be loaded."""


class CorpusError(InputError):
    """A table of texts and labels cannot be used."""


class ArtifactError(KGMLError):
    """A saved folder is missing, damaged, of another kind or cannot be written."""


class MissingExtraError(KGMLError):
    """What was asked for needs an optional dependency that is not installed."""

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'kgml[{extra}]'")


SHOWN = 40
"""Most choices listed: an ontology may declare hundreds of prefixes."""


def one_of(choices: Iterable[str], name: str) -> str:
    """Say what could have been meant.

    >>> one_of(["concat", "attention"], "atention")
    "choose from attention, concat. Did you mean 'attention'?"
    """
    known = sorted(choices)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    more = f" and {len(known) - SHOWN:,} more" if len(known) > SHOWN else ""
    return f"choose from {', '.join(known[:SHOWN])}{more}.{hint}"
