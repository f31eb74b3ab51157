"""How near the language of a text is to the one that is wanted.

The order of a look-up after RFC 4647 section 3.4, which cuts the wanted tag short from its end,
and then what a look-up would leave out: other regions of the language, texts without a language,
texts in any other.
"""

from __future__ import annotations

from itertools import takewhile

UNTAGGED = 1_000
"""Of a text without a language; nearer are all tags of the wanted one."""
FOREIGN = UNTAGGED + 1


def distance(tag: str, wanted: str) -> int:
    """How far the language ``tag`` is from ``wanted``; 0 is the wanted one itself.

    >>> tags = ["en-us", "en", "en-gb", "", "de"]
    >>> [distance(tag, "en-US") for tag in tags]
    [0, 1, 3, 1000, 1001]
    """
    if not tag:
        return UNTAGGED
    given, asked = _subtags(tag), _subtags(wanted)
    pairs = zip(given, asked, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    if not shared:
        return FOREIGN
    missing = len(asked) - shared
    return missing if shared == len(given) else len(asked) + missing


def _subtags(tag: str) -> list[str]:
    """In lower case; ``en_US``, as programs write locales, is ``en-US``."""
    return tag.lower().replace("_", "-").split("-")
