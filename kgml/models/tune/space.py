"""What is searched: one table, an option a row, and what may take its place.

A row says where in ``kgml.toml`` the option stands, which values it may take and with which value of
another option it means anything. Nothing else knows any of them by name, so that whatever reads its
options from ``kgml.toml`` can be tuned by a table of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, TypeAlias

from kgml.config import Config
from kgml.errors import UsageError, one_of

Params = Mapping[str, Any]
"""Values by `Option.label`."""


@dataclass(frozen=True)
class Choice:
    """One of ``values``."""

    values: tuple[Any, ...]

    def with_value(self, value: Any) -> Choice:
        """The same with ``value`` in it."""
        return self if value in self.values else Choice((*self.values, value))

    def __str__(self) -> str:
        return ", ".join(str(value) for value in self.values)


@dataclass(frozen=True)
class Range:
    """A number from ``low`` to ``high``, by its logarithm if ``log``."""

    low: float
    high: float
    log: bool = True

    def with_value(self, value: Any) -> Range:
        """The same with ``value`` in it."""
        return replace(self, low=min(self.low, value), high=max(self.high, value))

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{' (log)' if self.log else ''}"


Values: TypeAlias = Choice | Range


@dataclass(frozen=True)
class Option:
    """One row of the table.

    name: what ``--only`` and the columns of reports call it · section, key: its place in
    ``kgml.toml`` · when: another option's name and the values of it with which this one applies;
    else it is left to its default · dear: all texts or entities are read anew for each value, so
    it is searched only where it is named, and then by a list of values · why: it is dear.
    """

    name: str
    section: str
    key: str
    values: Values
    when: tuple[str, tuple[Any, ...]] | None = None
    dear: bool = False
    why: str = ""

    @property
    def label(self) -> str:
        """Its name, told apart from rows of the same name: ``regularization of svm``."""
        if self.when is None or not isinstance(self.values, Range):
            return self.name
        return f"{self.name} of {' or '.join(map(str, self.when[1]))}"

    @property
    def place(self) -> str:
        """Where it stands: ``train.head``."""
        return f"{self.section}.{self.key}"

    def applies(self, chosen: Mapping[str, Any]) -> bool:
        """Whether it means anything beside the values ``chosen`` of other options, by name."""
        return self.when is None or chosen.get(self.when[0]) in self.when[1]


LINKED_ANEW = "all texts are linked anew for each value"
LIGHT = (
    Option("fusion", "fusion", "name", Choice(("none", "concat", "weighted", "attention", "gated"))),
    Option("head", "train", "head", Choice(("logistic", "svm", "blend", "centroid", "ridge"))),
    Option("regularization", "train", "regularization", Range(0.1, 100), ("head", ("logistic",))),
    Option("regularization", "train", "regularization", Range(0.01, 10), ("head", ("svm",))),
    Option("regularization", "train", "regularization", Range(0.01, 10), ("head", ("blend",))),
    Option("regularization", "train", "regularization", Range(0.01, 100), ("head", ("ridge",))),
    Option("class_weight", "train", "class_weight", Choice(("none", "balanced")),
           ("head", ("logistic", "svm", "blend", "ridge", "boosting"))),
    Option("lead", "train", "lead", Choice((True, False))),
    Option("lexical", "train", "lexical", Choice(("auto", 0.3, 1.0, 2.0))),
    Option("threshold", "linking", "threshold", Choice((0.6, 0.7, 0.8)), None, True, LINKED_ANEW),
    Option("variants", "linking", "variants", Choice((True, False)), None, True, LINKED_ANEW),
    Option("nested", "linking", "nested", Choice((False, True)), None, True, LINKED_ANEW),
    Option("node_encoder", "encoder", "node_encoder", Choice(("text", "propagate")), None, True,
           "vectors of the entities are made anew for each value, and gave little"),
    Option("long_texts", "encoder", "long_texts", Choice(("cut", "chunks")), None, True,
           "all texts are encoded anew for each value"),
)  # fmt: skip
"""Of a light model (`kgml train`). Regularisation reaches a factor of ten and more to both sides of
what the heads have by themselves."""
ELSEWHERE = {
    "head boosting": "takes minutes where others take seconds; name it in a --space file",
    "encoder": "another text encoder encodes all texts anew; compare two runs of kgml train",
    "tune_encoder": "a tuning of the text encoder in each trial; compare two runs of kgml train",
}
"""What else shapes a model and is not searched, and why."""
MOST_READINGS = 24


@dataclass(frozen=True)
class Space:
    """The options that are searched, in the order of the table, and why others are not."""

    options: tuple[Option, ...]
    left: Mapping[str, str] = field(default_factory=dict)

    @property
    def dear(self) -> tuple[Option, ...]:
        """Those for which texts or entities are read anew."""
        return tuple(option for option in self.options if option.dear)

    def without(self, name: str, why: str) -> Space:
        """The same, ``name`` not searched, and nothing said of it where it was not anyway."""
        kept = tuple(option for option in self.options if option.name != name)
        same = len(kept) == len(self.options)
        return self if same else Space(kept, {**self.left, name: why})

    def restricted(self, name: str, values: Iterable[Any]) -> Space:
        """The same, of the option ``name`` only what is in ``values``; at least two or none."""
        allowed, options = set(values), []
        for option in self.options:
            if option.name == name and isinstance(option.values, Choice):
                some = tuple(v for v in option.values.values if v in allowed)
                option = replace(option, values=Choice(some))
            options.append(option)
        return replace(self, options=tuple(options))

    def with_defaults(self, usual: Params) -> Space:
        """The same with the first trial's values in it, which a user may have set out of range."""
        options = tuple(
            replace(o, values=o.values.with_value(usual[o.label])) if o.label in usual else o
            for o in self.options
        )
        return replace(self, options=options)

    def apply(self, config: Config, params: Params) -> Config:
        """``config`` with the values of a trial; what does not apply goes back to its default."""
        usual = Config()
        for option in self.options:  # rows that share a place: first all to the default
            if option.when is not None:
                value = getattr(getattr(usual, option.section), option.key)
                config = _put(config, option, value)
        for option in self.options:
            if option.label in params:
                config = _put(config, option, rounded(params[option.label]))
        return config

    def readings(self) -> list[dict[str, Any]]:
        """Every way in which texts and entities are to be read: values of the dear options."""
        ways = [option.values.values for option in self.dear if isinstance(option.values, Choice)]
        return [
            {option.label: value for option, value in zip(self.dear, values, strict=True)}
            for values in product(*ways)
        ]

    def to_dict(self) -> list[dict[str, Any]]:
        """Plain values, for reports and for telling one study from another."""
        return [
            {"option": option.label, "place": option.place, "values": str(option.values),
             "when": None if option.when is None else [option.when[0], list(option.when[1])]}
            for option in self.options
        ]  # fmt: skip


def of_names(names: Sequence[str], table: Sequence[Option] = LIGHT) -> Space:
    """The rows called ``names``; without any, all that are not dear.

    >>> [option.label for option in of_names(["lead", "threshold"]).options]
    ['lead', 'threshold']
    """
    known = dict.fromkeys(option.name for option in table)
    for name in names:
        if name not in known:
            raise UsageError(f"--only {name}: no such option is searched; {one_of(known, name)}")
    if not names:
        dear = {option.name: option.why for option in table if option.dear}
        dear = {name: f"{why}; --only or --space searches it" for name, why in dear.items()}
        return Space(tuple(o for o in table if not o.dear), {**dear, **ELSEWHERE})
    kept = tuple(option for option in table if option.name in names)
    left = {name: "not named" for name in known if name not in names}
    return checked(Space(kept, {**left, **ELSEWHERE}))


def checked(space: Space) -> Space:
    """``space``, if its readings are not too many to make.

    Raises:
        UsageError: they are.
    """
    ways = len(space.readings())
    if ways > MOST_READINGS:
        listed = ", ".join(option.name for option in space.dear)
        raise UsageError(
            f"{listed}: {ways} ways to read all texts; wanted at most {MOST_READINGS}. Search fewer "
            "of these options, or fewer values."
        )
    return space


def rounded(value: Any) -> Any:
    """Numbers to four digits, as a file shows them: what is tried is what is written.

    >>> rounded(3.14159265), rounded(True), rounded("concat")
    (3.142, True, 'concat')
    """
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _put(config: Config, option: Option, value: Any) -> Config:
    section = replace(getattr(config, option.section), **{option.key: value})
    return replace(config, **{option.section: section})
