"""What `kgml compare` is asked, and the cells that answer it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kgml import __version__
from kgml.artifacts import sha256
from kgml.config import Config
from kgml.encoders.text import TextEncoder
from kgml.errors import UsageError
from kgml.evaluation.answers import FULL, PERMUTED, PLAIN, REWIRED, SHIPPED, TEXT
from kgml.kg.graph import KnowledgeGraph
from kgml.registry import check, names

FORMAT = 2
SIZES = ("8", "16", "32", "64", FULL)
SEEDS = 10
PLACEBOS = (PERMUTED, REWIRED)
FULL_PLACEBOS = 3
"""Draws of the placebos on the full training part, where all else is drawn once."""
BRANCHES = 8
"""Most branches that are left out in turn."""


@dataclass(frozen=True)
class Question:
    """The options of one comparison.

    sizes: training rows per class, as text, ascending; ``full`` last · fusions: the first one is
    that of the placebos and of what is left out.
    """

    data: Path
    graphs: tuple[Path, ...]
    sizes: tuple[str, ...] = SIZES
    seeds: int = SEEDS
    fusions: tuple[str, ...] = ()
    config: Config = field(default_factory=Config)

    @classmethod
    def of(
        cls,
        data: Path,
        graphs: Sequence[Path],
        per_class: Sequence[str] = (),
        seeds: int = SEEDS,
        fusions: Sequence[str] = (),
        config: Config | None = None,
    ) -> Question:
        """Check the options and fill in what was not said.

        Raises:
            UsageError: no graph, an unknown fusion or size.

        >>> question = Question.of(Path("t.csv"), [Path("hp.kg")], ["full", "8"], fusions=["gated"])
        >>> question.sizes, question.seeds, question.main
        (('8', 'full'), 10, 'gated')
        """
        config = config or Config()
        if not graphs:
            raise UsageError("no graph to compare with. Name at least one: --graph DIR")
        if seeds < 1:
            raise UsageError(f"--seeds {seeds}: wanted at least 1 draw of the training rows.")
        config.encoder.check()
        config.train.check()
        if config.train.kind != "single":
            raise UsageError(
                f"[train] target = {config.train.kind!r}: a comparison is of texts with one label "
                "each. `kgml train` says of other targets what the ontology adds."
            )
        if config.train.tune_encoder:
            raise UsageError(
                "[train] tune_encoder = true: a comparison reads all texts once, with one encoder. "
                "Leave it out; `kgml train --tune-encoder` says what tuning gave."
            )
        if config.train.head == "transformer":
            raise UsageError(
                "head transformer: a comparison trains hundreds of models, each in seconds. Choose a "
                "light head; `kgml train --head transformer` says what it has over them."
            )
        if config.encoder.vectors:
            raise UsageError(
                f"[encoder] vectors = {config.encoder.vectors!r}: a comparison makes its vectors, "
                "anew for each rewired graph. Name their --node-encoder instead."
            )
        for group, name in (("node_encoder", config.encoder.node_encoder),
                            ("objective", config.encoder.objective),
                            ("head", config.train.head)):  # fmt: skip
            check(group, name)
        return cls(
            Path(data), tuple(map(Path, graphs)), read_sizes(per_class or SIZES), seeds,
            read_fusions(fusions, config.fusion.name), config,
        )  # fmt: skip

    @property
    def main(self) -> str:
        """The fusion that the placebos, ontologies and branches are asked of."""
        return self.fusions[0]

    @property
    def graph_names(self) -> list[str]:
        """What each graph is called in reports: the end of its path, told apart by a number."""
        stems = [path.stem for path in self.graphs]
        return [
            stem if stems.count(stem) == 1 else f"{stem} ({stems[: i + 1].count(stem)})"
            for i, stem in enumerate(stems)
        ]

    def key(self, graphs: Sequence[KnowledgeGraph]) -> dict[str, Any]:
        """All that the numbers depend on: the contents of files, not where they lie.

        Raises:
            UsageError: two of ``graphs`` are the same.
        """
        config = self.config
        prints = [graph.fingerprint for graph in graphs]
        for i, fingerprint in enumerate(prints):
            first = prints.index(fingerprint)
            if first < i:
                raise UsageError(
                    f"--graph {self.graphs[i]}: the same graph as {self.graphs[first]}; name each "
                    "graph once."
                )
        reader = TextEncoder(config.linking.encoder) if config.linking.encoder else None
        return {
            "format": FORMAT, "kgml": __version__, "data": sha256(self.data),
            "graphs": prints, "per_class": list(self.sizes),
            "seeds": self.seeds, "seed": config.seed, "fusion": list(self.fusions),
            "encoder": {
                **{k: v for k, v in asdict(config.encoder).items() if k not in ("device", "vectors")},
                "model": TextEncoder.of(config.encoder).fingerprint,
            },
            "node_training": config.node_training.given(),
            "linking": {**asdict(config.linking), "encoder": reader and reader.fingerprint},
            "train": {k: v for k, v in asdict(config.train).items() if k not in ("per_class", "tune_encoder")},
        }  # fmt: skip

    def draws(self, size: str, system: str) -> int:
        """How often ``system`` is trained at ``size``: on the full part once, placebos thrice."""
        if size != FULL:
            return self.seeds
        return min(self.seeds, FULL_PLACEBOS) if system in PLACEBOS else 1

    def seed(self, draw: int) -> int:
        """The seed of a draw: of its training rows, its permutation, its rewiring, its fits."""
        return (self.config.seed + draw) % 2**32


def read_sizes(given: Sequence[str]) -> tuple[str, ...]:
    """Rows per class in order, ``full`` last, each once.

    >>> read_sizes(["full", "32", "8", "8"])
    ('8', '32', 'full')
    """
    numbers = set()
    for text in given:
        if text != FULL:
            if not text.isdecimal() or int(text) < 2:
                raise UsageError(
                    f"--per-class {text}: wanted numbers of 2 or more, and '{FULL}' for all "
                    "training rows, such as --per-class 8 32 full."
                )
            numbers.add(int(text))
    return (*map(str, sorted(numbers)), *((FULL,) if FULL in given else ()))


def read_fusions(given: Sequence[str], default: str) -> tuple[str, ...]:
    """The fusions asked for, or all there are, the default one first."""
    for name in given:
        check("fusion", name)
    if "none" in given:
        raise UsageError("--fusion none: text + TF-IDF, which is always compared; leave it out.")
    if given:
        return tuple(dict.fromkeys(given))
    check("fusion", default)
    known = [name for name in names("fusion") if name != "none"]
    return tuple(dict.fromkeys([*([default] if default != "none" else []), *known]))


@dataclass(frozen=True)
class Cell:
    """One system, trained on one draw of one size."""

    size: str
    draw: int
    system: str

    @property
    def path(self) -> str:
        """Its file within the folder of the comparison."""
        return f"cells/{self.size}/{self.draw}/{self.system}.safetensors"


@dataclass(frozen=True)
class Part:
    """A part of the knowledge that is left out in turn: an ontology or a branch.

    name: the file name of its cells · id, label: what it is called · documents: training rows in
    which a concept of it is linked.
    """

    kind: str
    name: str
    id: str
    label: str
    documents: int


def systems(question: Question, parts: Sequence[Part]) -> list[str]:
    """Everything that is trained on each draw, in the order of reports."""
    return [TEXT, PLAIN, *question.fusions, SHIPPED, *PLACEBOS, *(part.name for part in parts)]


def cells(question: Question, parts: Sequence[Part]) -> Iterator[Cell]:
    """All cells, the small sizes first."""
    for size in question.sizes:
        for draw in range(question.seeds):
            for system in systems(question, parts):
                if draw < question.draws(size, system):
                    yield Cell(size, draw, system)
