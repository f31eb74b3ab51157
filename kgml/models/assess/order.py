"""A verdict becomes the command that carries it out: its words, and the call they stand for."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kgml.config import Config
from kgml.data.corpus import TRAIN_NAMES
from kgml.data.tables import read_table
from kgml.kg.load import open_graph
from kgml.lm.run import pretrain
from kgml.models.assess.verdict import FINE_TUNE, SCRATCH
from kgml.models.finetuned.checks import NAME as TRANSFORMER
from kgml.models.train import ALONE, train

FLAGS = {
    "--text-column": ("train", "text_column"), "--label-column": ("train", "label_column"),
    "--split-column": ("train", "split_column"), "--encoder": ("encoder", "model"),
    "--device": ("encoder", "device"),
}  # fmt: skip
"""Of `kgml train`, which stand in a command where they differ from ``kgml.toml``."""


@dataclass(frozen=True)
class Wanted:
    """What is to be built. ``usual``: what ``kgml.toml`` says; ``config``: with the flags on top."""

    data: Path
    output: Path
    graph: Path | None = None
    target: str | None = None
    budget_hours: float | None = None
    corpus: tuple[Path, ...] = ()
    config: Config = field(default_factory=Config)
    usual: Config = field(default_factory=Config)
    pilot_minutes: float | None = None

    @property
    def ends(self) -> list[str]:
        """The last words of every command."""
        seed = [] if self.config.seed == self.usual.seed else ["--seed", str(self.config.seed)]
        return [*seed, "-o", str(self.output)]


@dataclass(frozen=True)
class Order:
    """The words of one command, ``config`` as it would read them, and a command to go on with."""

    words: list[str]
    config: Config
    then: str | None = None

    @property
    def command(self) -> str:
        """As it is typed."""
        return shlex.join(self.words)

    def run(self, wanted: Wanted) -> dict[str, Any]:
        """Do what the command does: call what it calls with what it would give."""
        if self.words[1] == "train":
            return train(
                graph=wanted.graph, data=wanted.data, output=wanted.output, config=self.config,
                command=self.command,
            )  # fmt: skip
        graphs = [] if wanted.graph is None else [open_graph(wanted.graph, self.config.graph)]
        result = pretrain(
            texts_of(wanted), wanted.output, self.config.pretrain, graphs=graphs,
            seed=self.config.seed, command=self.command,
        )  # fmt: skip
        return result or {}


def order_of(assessment: dict[str, Any], wanted: Wanted) -> Order:
    """The command that ``assessment``'s verdict names, within the time there is."""
    regime, hours = assessment["verdict"]["regime"], wanted.budget_hours
    if regime == SCRATCH:
        return _from_scratch(assessment["language_model"]["largest"], wanted)
    minutes = None
    if regime == FINE_TUNE and hours is not None:
        # with an ontology that may help, one training has it and one has not
        minutes = round(60 * hours / assessment["costs"][FINE_TUNE]["trainings"], 3)
    return _train(wanted, regime == FINE_TUNE, minutes)


def _train(wanted: Wanted, tuned: bool, minutes: float | None) -> Order:
    config = wanted.config
    words = ["kgml", "train", "--data", str(wanted.data), *_knowledge(wanted)]
    if tuned:
        words += ["--head", TRANSFORMER]
        config = config.override("train", head=TRANSFORMER)
    elif config.train.head == TRANSFORMER:
        words += ["--head", "auto"]
        config = config.override("train", head="auto")
    if minutes is not None:
        words += ["--minutes", str(minutes)]
        config = config.override("transformer", minutes=minutes)
    if wanted.graph is None:
        config = config.override("fusion", name=ALONE)
    return Order([*words, *_flags(wanted), *wanted.ends], config)


def _knowledge(wanted: Wanted) -> list[str]:
    return ["--fusion", ALONE] if wanted.graph is None else ["--graph", str(wanted.graph)]


def _flags(wanted: Wanted, *, encoder: bool = True) -> list[str]:
    """Of `FLAGS`, those that were given."""
    given = []
    for flag, (section, key) in FLAGS.items():
        if key == "model" and not encoder:
            continue
        value = getattr(getattr(wanted.config, section), key)
        if value != getattr(getattr(wanted.usual, section), key):
            given += [flag, str(value)]
    return given


def texts_of(wanted: Wanted) -> list[Path]:
    """What a language model learns from: the corpus, or the table."""
    return list(wanted.corpus or (wanted.data,))


def _from_scratch(largest: dict[str, Any], wanted: Wanted) -> Order:
    """A masked model, as a classifier is made of one; of the table the training rows alone."""
    options: dict[str, Any] = {"objective": "masked", "parameters": largest["parameters"]}
    words = ["kgml", "pretrain", *map(str, texts_of(wanted)), "--objective", "masked"]
    words += ["--parameters", str(largest["parameters"])]
    given = {"text_column": wanted.config.train.text_column, "device": wanted.config.encoder.device}
    if not wanted.corpus and (split := _training_rows(wanted)) is not None:
        given |= {"split": split, "split_column": wanted.config.train.split_column or "split"}
    if wanted.budget_hours is not None:
        words += ["--max-time", f"{wanted.budget_hours}h"]
        given["max_tokens"] = largest["tokens_trained"]  # no more, however much time is left
        options["max_minutes"] = 60 * wanted.budget_hours
    for key, value in given.items():
        if value != getattr(wanted.usual.pretrain, key):
            words += [f"--{key.replace('_', '-')}", str(value)]
    if wanted.graph is not None:
        words += ["--graph", str(wanted.graph)]
    config = wanted.config.override("pretrain", **options, **given)
    return Order([*words, *wanted.ends], config, _classifier(wanted))


def _training_rows(wanted: Wanted) -> str | None:
    """What the table calls its training part; None where it has one part."""
    names = read_table(wanted.data).get(wanted.config.train.split_column or "split", [])
    found = sorted({str(name).strip() for name in names})
    return next((n for n in found if n.lower() in TRAIN_NAMES), None) if len(found) > 1 else None


def _classifier(wanted: Wanted) -> str:
    """How the language model becomes a classifier."""
    output = wanted.output
    words = ["kgml", "train", "--data", str(wanted.data), *_knowledge(wanted)]
    words += ["--head", TRANSFORMER, "--encoder", str(output)]
    words += _flags(wanted, encoder=False)
    return shlex.join([*words, "-o", str(output.with_name(f"{output.name}-classifier"))])
