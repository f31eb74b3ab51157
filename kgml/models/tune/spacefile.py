"""``--space FILE``: the options to search and their values, laid out as in ``kgml.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kgml.config import Config
from kgml.errors import UsageError, one_of
from kgml.models.tune.space import ELSEWHERE, LIGHT, Choice, Option, Range, Space, Values, checked

EXAMPLE = 'a list, such as ["none", "concat"], or { low = 0.1, high = 10.0, log = true }'
KEYS = {"low", "high", "log"}


def read_space(path: Path, table: Sequence[Option] = LIGHT) -> Space:
    """The options in ``path`` and no others, each with the values given there.

    Raises:
        UsageError: not TOML, an option that is not in ``table``, values it cannot have.
    """
    try:
        given = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--space {path}: cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--space {path}: not valid TOML ({error}).") from None
    wanted = {}
    places = dict.fromkeys(option.place for option in table)
    for section, options in given.items():
        if not isinstance(options, Mapping):
            raise UsageError(
                f"{path}: '{section}' stands in no section; wanted [train] and the like."
            )
        for key, values in options.items():
            place = f"{section}.{key}"
            if place not in places:
                raise UsageError(f"{path}: {place} is not searched; {one_of(places, place)}")
            wanted[place] = _values(f"{path}: [{section}] {key}", section, key, values)
    if not wanted:
        raise UsageError(f"{path}: names no option; wanted one at least, such as [fusion] name.")
    kept = [replace(o, values=wanted[o.place]) for o in table if o.place in wanted]
    for option in kept:
        if option.dear and not isinstance(option.values, Choice):
            raise UsageError(f"{path}: {option.place}: wanted a list of values, as {option.why}.")
    left = {o.name: f"not in {path.name}" for o in table if o.place not in wanted}
    return checked(Space(tuple(kept), {**left, **ELSEWHERE}))


def _values(where: str, section: str, key: str, given: Any) -> Values:
    if isinstance(given, Mapping) and {"low", "high"} <= set(given) <= KEYS:
        low, high = (_one(where, section, key, given[end]) for end in ("low", "high"))
        log = given.get("log", True)
        if not isinstance(low, float) or not isinstance(log, bool):
            raise UsageError(f"{where}: wanted {EXAMPLE}.")
        if not (low < high and (low > 0 or not log)):
            raise UsageError(f"{where}: low {low:g} and high {high:g}; wanted 0 < low < high.")
        return Range(low, high, log)
    if not isinstance(given, list) or not given:
        raise UsageError(f"{where}: wanted {EXAMPLE}.")
    return Choice(tuple(dict.fromkeys(_one(where, section, key, value) for value in given)))


def _one(where: str, section: str, key: str, value: Any) -> Any:
    """``value`` as ``kgml.toml`` would take it."""
    read = Config.from_dict({section: {key: value}}, where)
    return getattr(getattr(read, section), key)
