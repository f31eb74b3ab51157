"""What `kgml tune` is asked, and what of it cannot be answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kgml import __version__
from kgml.artifacts import read_manifest, sha256
from kgml.config import Config
from kgml.encoders.text import TextEncoder
from kgml.encoders.vectors import KIND as VECTORS
from kgml.errors import CorpusError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.models.targets.base import Target
from kgml.models.tune.metric import Metric
from kgml.models.tune.space import Space, of_names
from kgml.models.tune.spacefile import read_space

FORMAT = 1
TRIALS, OUTER, FOLDS = 50, 3, 5


@dataclass(frozen=True)
class Tuning:
    """How to tune.

    trials: of each search · minutes: after which no trial begins; None: no end · metric: None for
    the one that `kgml train` compares on test rows · only: names of the options to search, or
    space: a file of them; else all that are cheap · fixed: names of options that stay as they are ·
    folds: of a trial · outer_folds: of the estimate what tuning is worth, 0 for none · always:
    the best trial is kept whatever that estimate says.
    """

    trials: int = TRIALS
    minutes: float | None = None
    metric: str | None = None
    only: tuple[str, ...] = ()
    space: Path | None = None
    fixed: tuple[str, ...] = field(default=())
    folds: int = FOLDS
    outer_folds: int = OUTER
    always: bool = False

    def check(self) -> None:
        """Raise `UsageError` for numbers that cannot be, and options that exclude each other."""
        for name, value, least in (("--trials", self.trials, 2), ("--folds", self.folds, 2)):
            if value < least:
                raise UsageError(f"{name} {value}: wanted at least {least}.")
        if self.outer_folds == 1 or self.outer_folds < 0:
            raise UsageError(f"--outer-folds {self.outer_folds}: wanted 2 or more, or 0 for none.")
        if self.minutes is not None and self.minutes <= 0:
            raise UsageError(f"--minutes {self.minutes:g}: wanted more than 0.")
        if self.only and self.space is not None:
            raise UsageError("--only and --space exclude each other; give one of them.")

    def searched(self) -> Space:
        """The options to search, before anything is known of the texts."""
        space = of_names(self.only) if self.space is None else read_space(self.space)
        named = set(self.only) | (
            set() if self.space is None else {option.name for option in space.options}
        )
        for name in self.fixed:
            if name in named:
                raise UsageError(
                    f"--{name.replace('_', '-')} and a search of {name} exclude each other; leave "
                    "one of them out."
                )
            space = space.without(name, "given")
        return space


def study_key(
    tuning: Tuning, config: Config, space: Space, metric: Metric, data: Path, graph: KnowledgeGraph
) -> dict[str, Any]:
    """All that a trial depends on: the contents of files, not where they lie. How many trials there
    are is no part of it: more may be asked for later."""
    import optuna

    encoder = {k: v for k, v in asdict(config.encoder).items() if k != "device"}
    reader = TextEncoder(config.linking.encoder) if config.linking.encoder else None
    if config.encoder.vectors:
        saved = read_manifest(Path(config.encoder.vectors), VECTORS, verify=False)
        encoder["vectors"] = saved.fingerprint
    return {
        "format": FORMAT, "kgml": __version__, "optuna": optuna.__version__,
        "data": sha256(data), "graph": graph.fingerprint, "seed": config.seed,
        "metric": metric.name, "folds": tuning.folds, "outer_folds": tuning.outer_folds,
        "space": {one["option"]: f"{one['values']} {one['when'] or ''}" for one in space.to_dict()},
        "encoder": {**encoder, "model": TextEncoder.of(config.encoder).fingerprint},
        "node_training": config.node_training.given(), "fusion": config.fusion.name,
        "linking": {**asdict(config.linking), "encoder": reader and reader.fingerprint},
        "train": asdict(config.train),
    }  # fmt: skip


def check_config(config: Config) -> None:
    """Raise `UsageError` for options under which there is nothing to search fairly."""
    config.encoder.check()
    config.train.check()
    if config.train.tune_encoder:
        raise UsageError(
            "[train] tune_encoder = true: the trials read all texts once, with one encoder. Leave it "
            "out; `kgml train --tune-encoder` takes the options that are found."
        )


def check_rows(data: Path, target: Target, labels: Sequence[Any], tuning: Tuning) -> None:
    """Raise `CorpusError` where the training rows are too few for the folds."""
    outer = tuning.outer_folds
    if target.name in ("multi", "regression"):
        least = 2 * max(outer, tuning.folds)
        if len(labels) < least:
            raise CorpusError(
                f"{data}: {len(labels)} training rows, too few for {tuning.folds} folds and {outer} "
                f"outer folds; wanted at least {least}. Add rows, or use fewer folds."
            )
        return
    name, fewest = min(Counter(map(str, labels)).items(), key=lambda one: (one[1], one[0]))
    left = fewest - -(-fewest // outer) if outer else fewest
    if left < 2:
        rows = "1 training row" if fewest == 1 else f"{fewest} training rows"
        step = "Add rows" if not outer else "Add rows, or use --outer-folds 0"
        raise CorpusError(
            f"{data}: class '{name}' has {rows}, too few: a search needs two or more of each class"
            f"{f' outside of each of {outer} outer folds' if outer else ''}. {step}."
        )
