"""Every option, in one frozen dataclass per room, read from ``kgml.toml``; flags win.

The resolved configuration is written into every artifact.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from kgml.errors import UsageError, one_of
from kgml.registry import check

FILE = "kgml.toml"
METHODS = ("hybrid", "bm25", "dense")
"""Of search."""
PRECISIONS = ("fp32", "bf16", "int8")
DEVICES = ("auto", "cpu", "cuda", "mps")
LONG_TEXTS = ("cut", "chunks")
LAYERS = ("all", "lora", "top")
SCHEDULES = ("linear", "cosine")
TRAINING_PRECISIONS = ("no", "bf16", "fp16")
OBJECTIVES = ("causal", "masked")
"""Of a language model."""
ARCHITECTURES = {"causal": ("llama", "gpt2"), "masked": ("bert",)}
LM_SIZES = ("micro", "mini", "small", "medium", "large", "xl")
UNITS = ("auto", "line", "paragraph", "file")
RANGES: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "per_class": (2, float("inf")),
    "folds": (2, float("inf")),
    "test_size": (0.01, 0.99),
    "min_length": (1, float("inf")),
    "threshold": (0.0, 1.0),
    "similar": (0.0, 1.0),
    "max_bytes": (1, float("inf")),
    "max_triples": (1, float("inf")),
    "max_literal": (1, float("inf")),
    "max_ratio": (1, float("inf")),
    "max_depth": (1, float("inf")),
    "max_download": (1, float("inf")),
    "timeout": (0.001, float("inf")),
    "steps": (1, float("inf")),
    "batch_size": (2, float("inf")),
    "temperature": (0.001, 10.0),
    "learning_rate": (1e-9, 1.0),
    "general_size": (0, float("inf")),
    "general_weight": (0.0, float("inf")),
    "dimension": (2, float("inf")),
    "epochs": (1, float("inf")),
    "batch": (1, float("inf")),
    "check_every": (1, float("inf")),
    "patience": (1, float("inf")),
    "regularization": (0.0, float("inf")),
    "dropout": (0.0, 0.99),
    "scale": (0.001, float("inf")),
    "full_batch": (0, float("inf")),
    "fan_out": (1, float("inf")),
    "minutes": (0.001, float("inf")),
    "accumulation": (1, float("inf")),
    "warm_up": (0.0, 1.0),
    "decay": (0.0, 1.0),
    "lora_rank": (1, float("inf")),
    "lora_alpha": (0.001, float("inf")),
    "checks": (1, float("inf")),
    "evaluation": (0.01, 0.5),
    "max_length": (4, float("inf")),
    "layers": (0, float("inf")),
    "lexical": (0.01, 100.0),
    "near": (0.0, 1.0),
    "valid": (0.0001, 0.5),
    "parameters": (10_000, float("inf")),
    "depth": (1, 1_000),
    "width": (8, 100_000),
    "heads": (1, 1_000),
    "vocabulary": (300, 1_000_000),
    "context": (8, 1_000_000),
    "knowledge_share": (0.0, 0.95),
    "micro_batch": (1, float("inf")),
    "global_batch": (1, float("inf")),
    "max_tokens": (1, float("inf")),
    "max_steps": (1, float("inf")),
    "max_minutes": (1e-6, float("inf")),
    "floor": (0.0, 1.0),
    "clip": (1e-6, float("inf")),
    "masking": (0.01, 0.9),
    "keep": (1, float("inf")),
    "save_every": (1, float("inf")),
}
"""Least and greatest value of each number."""


@dataclass(frozen=True)
class GraphConfig:
    """``[graph]``: how ontology files become a graph."""

    language: str = "en"
    """Of words: the tag wanted; en-US takes what is in en, then in other regions of it."""
    max_bytes: int = 2_000_000_000
    """Largest file read, in bytes."""
    max_triples: int = 50_000_000
    max_literal: int = 1_000_000
    """Longest literal kept, in characters."""
    max_ratio: int = 200
    """Most bytes that one byte of a compressed file may become."""
    max_depth: int = 1_000
    """Deepest nesting of a document."""
    projection: str = "relations"
    """taxonomy, relations, owl2vec or rdf: which axioms become edges."""
    obsolete: bool = False
    """Whether deprecated and obsolete terms stay in the graph."""
    reason: str = "none"
    """none, rdfs, skos or owlrl: what is inferred before axioms become edges."""
    merge: str = "iri"
    """iri, matches (skos:exactMatch, owl:sameAs) or xrefs (these and database xrefs)."""
    imports: bool = True
    """Whether owl:imports are followed."""
    catalog: str = ""
    """An OASIS XML catalog that says where imported ontologies lie; those beside a file are found."""
    import_map: dict[str, str] = field(default_factory=dict)
    """IRI of an imported ontology to its file."""
    allow_network: bool = False
    """Whether what no file provides may be fetched, https only."""
    max_download: int = 200_000_000
    """Largest download, in bytes."""
    timeout: float = 60.0
    """Seconds a server may take for one answer."""


@dataclass(frozen=True)
class EncoderConfig:
    """``[encoder]``: texts and entities become vectors."""

    model: str = "all-MiniLM-L6-v2"
    """The packaged default, a folder, org/name on the model hub, static or static:MODEL."""
    node_encoder: str = "text"
    vectors: str = ""
    """A folder of ``kgml encode``: ``kgml train`` takes the entities' vectors from there, in place of
    a node encoder. Empty: none."""
    objective: str = "link-prediction"
    """link-prediction, infomax or contrast: what a graph neural node encoder is trained for."""
    precision: str = "fp32"
    """fp32; bf16: about twice as fast, cosines to fp32 of at least .9999; int8 (extra openvino):
    about four times as fast, at least .985."""
    device: str = "auto"
    """auto (a GPU if there is one), cpu, cuda, cuda:1, mps."""
    long_texts: str = "cut"
    """cut after what the model reads, or chunks: the mean of pieces of that length. Chunks gained
    nothing on Ohsumed (.542 macro-F1 for .545)."""

    def check(self) -> None:
        """Raise `UsageError` for an option that is not known, without importing anything."""
        if self.precision not in PRECISIONS:
            hint = one_of(PRECISIONS, self.precision)
            raise UsageError(f"no precision named '{self.precision}'; {hint}")
        if self.long_texts not in LONG_TEXTS:
            hint = one_of(LONG_TEXTS, self.long_texts)
            raise UsageError(f"no long_texts named '{self.long_texts}'; {hint}")
        kind, colon, number = self.device.partition(":")
        if kind not in DEVICES or (colon and not (kind == "cuda" and number.isdecimal())):
            raise UsageError(f"no device named '{self.device}'; {one_of(DEVICES, kind)}")
        if self.precision == "int8" and kind not in ("auto", "cpu"):
            raise UsageError(
                f"precision int8 and device {self.device} exclude each other: int8 runs on the "
                "processor. Use bf16 on a GPU."
            )


@dataclass(frozen=True)
class NodeTrainingConfig:
    """``[node_training]``: how a node encoder is trained. None: as that one does by itself, see
    `kgml.encoders.gnn.training.Training` and `kgml.encoders.kge.training.Training`."""

    dimension: int | None = None
    """Of a vector."""
    epochs: int | None = None
    """At most so many passes."""
    learning_rate: float | None = None
    """Of Adam."""
    batch: int | None = None
    """Questions a step (embeddings), or entities or links where neighbours are sampled."""
    check_every: int | None = None
    """Epochs between two validations."""
    patience: int | None = None
    """Validations without a better one before it stops."""
    regularization: float | None = None
    """Weight of the N3 norm; of embeddings."""
    dropout: float | None = None
    """Share of the numbers of head and relation set to 0 in a step; of embeddings."""
    scale: float | None = None
    """What scores are multiplied by before the softmax; of embeddings."""
    full_batch: int | None = None
    """A graph with more links than this is trained on sampled neighbours; of graph networks, as are
    the next two."""
    steps: int | None = None
    """At most so many in an epoch then."""
    fan_out: tuple[int, int] | None = None
    """Neighbours then drawn of each, near and far."""

    def given(self) -> dict[str, Any]:
        """Those that are not None."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class SearchConfig:
    """``[search]``: words and meaning find entities."""

    method: str = "hybrid"
    """hybrid, bm25 (words alone, nothing is encoded) or dense (meaning alone)."""
    index: str = "auto"
    """flat, hnsw, ivf-sq8, or auto: flat up to 200,000 names, hnsw beyond."""

    def check(self) -> None:
        """Raise `UsageError` for a name that is not known, without importing anything."""
        if self.method not in METHODS:
            raise UsageError(
                f"no search method named '{self.method}'; {one_of(METHODS, self.method)}"
            )
        if self.kind is not None:
            check("index", self.kind)

    @property
    def kind(self) -> str | None:
        """The kind of index, None to choose by size."""
        return None if self.index == "auto" else self.index


@dataclass(frozen=True)
class AdaptConfig:
    """``[adapt]``: the text encoder is tuned on the graph's own words."""

    steps: int | None = None
    """None: each name is seen about three times, in at most 1,000 steps."""
    batch_size: int = 64
    """Pairs in a step."""
    temperature: float = 0.05
    """Cosines are divided by it: the smaller, the more the nearest negatives count."""
    learning_rate: float = 5e-5
    general_size: int = 8
    """General texts in a step, whose vectors are to stay where they were."""
    general_weight: float = 5.0
    """How much their moving counts beside the pairs; 0 lets them go."""


@dataclass(frozen=True)
class FewShotConfig:
    """``[few_shot]``: the text encoder is tuned on labels, with ``--tune-encoder``."""

    steps: int | None = None
    """None: as many as show each row four times, 6 at least."""
    batch_size: int = 64
    """Rows in a step, at most."""
    learning_rate: float = 2e-4
    """The highest; it rises in the first tenth of the steps and then falls to 0."""
    temperature: float = 0.1
    """Of the contrast; cosines are divided by it."""
    layers: int = 3
    """Blocks of the encoder that are tuned, from the highest down; 0: all."""

    def planned(self, rows: int) -> FewShotConfig:
        """The same with the number of steps for so many rows, if none is given.

        6 steps did as well as 10 on held-out training rows of financial_phrasebank, fomc and
        banking77, 8 per class, and the upper three blocks as well as all six; 10 at 2e-4 as well as 40
        at 5e-5. For many more rows this is not measured.

        >>> FewShotConfig().planned(24).steps, FewShotConfig().planned(736).steps
        (6, 46)
        """
        return replace(self, steps=self.steps or max(6, -(-4 * rows // self.batch_size)))

    @staticmethod
    def check_target(target: str) -> None:
        """Raise `UsageError` for a target whose texts contrast cannot put together."""
        if target != "single":
            raise UsageError(
                f"--tune-encoder and target {target} exclude each other: contrast needs texts "
                "with one class each. Leave one of them out."
            )


@dataclass(frozen=True)
class TransformerConfig:
    """``[transformer]``: text encoder, fusion and classifier trained together, with ``--head
    transformer``."""

    layers: str = "all"
    """all; top:N, the last N layers alone; lora (extra lora): low-rank changes of all (Hu et al. 2022).
    The table of words stays as it is."""
    epochs: int | None = None
    """Times each row is seen, at most; None: 4, or of few rows as many as make 60 steps (short runs on
    few rows end anywhere: Mosbach et al. 2021)."""
    steps: int | None = None
    """At most so many; None: as many as the epochs have."""
    minutes: float | None = None
    """As many steps as fit, told once at the start by timing a few; None: all."""
    batch_size: int = 16
    """Rows read at once."""
    accumulation: int = 1
    """Batches in a step."""
    learning_rate: float | None = None
    """Of the text encoder, the highest; None: 1e-4, of lora 1e-3."""
    head_learning_rate: float = 1e-2
    """Of fusion and classifier."""
    warm_up: float = 0.1
    """Share of the steps in which the learning rate rises."""
    schedule: str = "linear"
    """linear or cosine: how it falls then."""
    decay: float = 0.01
    """Weight decay."""
    lora_rank: int = 8
    lora_alpha: float = 16.0
    """A change counts alpha / rank."""
    dropout: float = 0.05
    """Of what goes into a low-rank change."""
    precision: str = "no"
    """Of training: no (float32), bf16, or fp16 (on a GPU)."""
    evaluation: float = 0.1
    """Share of the training rows that is held out, to stop early and to calibrate; at least 20 rows, at
    most a third."""
    checks: int = 2
    """Validations on them in an epoch."""
    patience: int = 3
    """Validations without a better one before it stops, at the earliest after half of the steps: while
    the learning rate is high, scores fall before they rise."""
    max_length: int | None = None
    """Tokens read of a text; None: as many as the text encoder reads."""
    gradient_checkpointing: bool = False
    """Whether inner numbers are computed again for the gradient: less memory, a third more time."""

    def check(self) -> None:
        """Raise `UsageError` for a name that is not known, without importing anything."""
        kind, colon, number = self.layers.partition(":")
        good = number.isdecimal() and int(number) > 0 if colon else kind != "top"
        if kind not in LAYERS or not good or (colon and kind != "top"):
            hint = one_of(("all", "lora", "top:2"), kind)
            raise UsageError(f"no layers named '{self.layers}'; {hint}")
        if self.schedule not in SCHEDULES:
            raise UsageError(
                f"no schedule named '{self.schedule}'; {one_of(SCHEDULES, self.schedule)}"
            )
        if self.precision not in TRAINING_PRECISIONS:
            hint = one_of(TRAINING_PRECISIONS, self.precision)
            raise UsageError(f"no training precision named '{self.precision}'; {hint}")

    def planned(self, steps_an_epoch: int) -> int:
        """How many steps there are at most.

        >>> TransformerConfig().planned(3), TransformerConfig().planned(200)
        (60, 800)
        """
        epochs = self.epochs or max(4, -(-60 // steps_an_epoch))
        return min(epochs * steps_an_epoch, self.steps or epochs * steps_an_epoch)

    @property
    def rate(self) -> float:
        """The learning rate of the text encoder."""
        return self.learning_rate or (1e-3 if self.layers == "lora" else 1e-4)


@dataclass(frozen=True)
class PretrainConfig:
    """``[pretrain]``: a language model from scratch. What is None follows from the size or from the
    corpus, and is told."""

    text_column: str = "text"
    split: str | None = None
    """Only the rows of that name; None: all."""
    split_column: str = "split"
    unit: str = "auto"
    """line, paragraph or file: what a document of a text file is; auto: paragraphs where blank lines
    stand between some, else lines."""
    near: float = 0.8
    """Least share of five-word runs in common (Jaccard index, estimated) of near duplicates, of which
    the first stays; 0 keeps all."""
    valid: float = 0.02
    """Share of the documents held out for validation."""
    objective: str = "causal"
    """causal: the next token; masked: tokens that were hidden."""
    architecture: str | None = None
    """llama or gpt2; None: llama, of masked bert."""
    size: str = "micro"
    """micro, mini, small, medium, large or xl: 1, 5, 29, 109, 335 million or 1.3 billion parameters."""
    parameters: int | None = None
    """About so many, in place of a size."""
    depth: int | None = None
    """Layers."""
    width: int | None = None
    heads: int | None = None
    vocabulary: int | None = None
    """Tokens that the tokenizer knows."""
    context: int | None = None
    """Tokens read at once."""
    knowledge_share: float = 0.2
    """Of the tokens trained on, those that say what the graph says, with ``--graph``."""
    micro_batch: int = 8
    """Rows of a context read at once."""
    global_batch: int = 32
    """Rows in a step, over all processes."""
    max_tokens: int | None = None
    max_steps: int | None = None
    max_minutes: float | None = None
    """As many steps as fit, told once at the start by timing a few. Of several limits the least holds;
    of none 20 tokens a parameter (Hoffmann et al. 2022), at most 4 times the corpus (Muennighoff et
    al. 2023)."""
    learning_rate: float | None = None
    """The highest."""
    warm_up: float = 0.05
    """Share of the steps in which the learning rate rises."""
    floor: float = 0.1
    """Share of the highest learning rate to which it falls, as a cosine."""
    decay: float = 0.1
    """Weight decay."""
    clip: float = 1.0
    """Gradients longer than this are shortened to it."""
    masking: float = 0.15
    """Share of the tokens hidden; of masked."""
    precision: str = "no"
    """no (float32), bf16, or fp16 (on a GPU)."""
    gradient_checkpointing: bool = False
    shard: bool = False
    """Whether weights, gradients and moments are dealt out to the processes."""
    checks: int = 10
    """Validations."""
    keep: int = 2
    """Checkpoints kept while it runs, the last ones."""
    save_every: int | None = None
    """Steps between two checkpoints; None: one a minute."""
    device: str = "auto"

    def check(self) -> None:
        """Raise `UsageError` for a name that is not known, without importing anything."""
        for what, name, known in (
            ("objective", self.objective, OBJECTIVES),
            ("size", self.size, LM_SIZES),
            ("training precision", self.precision, TRAINING_PRECISIONS),
            ("unit", self.unit, UNITS),
            ("architecture", self.network, ARCHITECTURES[self.objective])
            if self.objective in OBJECTIVES
            else ("objective", self.objective, OBJECTIVES),
        ):
            if name not in known:
                raise UsageError(f"no {what} named '{name}'; {one_of(known, name)}")
        if self.shard and self.precision == "fp16":
            raise UsageError(
                "training precision fp16 and --shard exclude each other: each process would judge "
                "the scaled loss by its own part. Use bf16 or no."
            )

    @property
    def network(self) -> str:
        """The architecture, None resolved.

        >>> PretrainConfig().network, PretrainConfig(objective="masked").network
        ('llama', 'bert')
        """
        return self.architecture or ARCHITECTURES[self.objective][0]


@dataclass(frozen=True)
class LinkingConfig:
    """``[linking]``: spans of a text become entities."""

    min_length: int = 3
    """Shortest surface form linked whatever its case, in characters; shorter ones must match as written."""
    variants: bool = True
    """Whether forms are found in other wordings too; false: only as they are written."""
    nested: bool = False
    """Whether mentions inside a longer one are kept: "colitis" in "ulcerative colitis"."""
    threshold: float = 0.7
    """Least score of a candidate, 0 to 1; what scores less is no mention."""
    encoder: str = ""
    """Text encoder that looks for forms near in meaning, such as the folder of ``kgml adapt``: what
    all else leaves is compared with every form, which takes a hundred times as long. It has the
    precision and the device of ``[encoder]``. Empty: none."""
    similar: float = 0.9
    """Least cosine of such a form."""


@dataclass(frozen=True)
class FusionConfig:
    """``[fusion]``: text vectors and linked entities become one vector."""

    name: str = "concat"


@dataclass(frozen=True)
class TrainConfig:
    """``[train]``: the table, the split and the head."""

    text_column: str = "text"
    label_column: str = "label"
    split_column: str | None = None
    """None: use the column ``split`` where there is one."""
    test_size: float | None = None
    """Share of rows held out; None: the table's split if it brings one, else 0.25."""
    per_class: int | None = None
    head: str = "auto"
    """auto, logistic, svm, ridge, blend, centroid, boosting or transformer (the text encoder is trained too, see
    ``[transformer]``); auto looks at target and rows per class."""
    regularization: float | str | None = None
    """C of logistic and svm, alpha of ridge; auto: by log-loss in three folds of the training rows.
    None: what the head has by itself."""
    class_weight: str | None = None
    """none or balanced; None: what the head has by itself."""
    target: str = "auto"
    """single, multi, ordinal or regression; auto: multi where there is a label_separator, ordinal
    where there is an order, else single."""
    label_separator: str | None = None
    """What stands between the labels of a cell; None: cells are lists (JSONL, Parquet)."""
    order: tuple[str, ...] = ()
    """The classes of an ordinal target, lowest first; none where they are numbers."""
    lexical: float | str = "auto"
    """What the words of a text (TF-IDF) count beside its vector, which is 1; auto: 1, .75, .5 or .25,
    by leave-one-out on the training rows."""
    lead: bool = True
    """Whether first sentences are features of their own, where most texts have another."""
    folds: int = 5
    tune_encoder: bool = False
    """Whether the text encoder is tuned on the labels first, see ``[few_shot]``."""

    @property
    def kind(self) -> str:
        """The target, ``auto`` resolved."""
        if self.target != "auto":
            return self.target
        return "multi" if self.label_separator else "ordinal" if self.order else "single"

    def check(self) -> None:
        """Raise `UsageError` for options that do not go together, without importing anything."""
        check("target", self.kind)
        if self.label_separator is not None and (self.kind != "multi" or not self.label_separator):
            raise UsageError(
                f"label_separator {self.label_separator!r} and target {self.kind}: wanted at least "
                "one character, and target multi."
            )
        if self.tune_encoder:
            FewShotConfig.check_target(self.kind)
        if self.per_class is not None and self.kind in ("multi", "regression"):
            raise UsageError(f"per_class is for targets with one class per row, not {self.kind}.")


@dataclass(frozen=True)
class Config:
    """All options of one run."""

    graph: GraphConfig = field(default_factory=GraphConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    node_training: NodeTrainingConfig = field(default_factory=NodeTrainingConfig)
    adapt: AdaptConfig = field(default_factory=AdaptConfig)
    few_shot: FewShotConfig = field(default_factory=FewShotConfig)
    transformer: TransformerConfig = field(default_factory=TransformerConfig)
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    linking: LinkingConfig = field(default_factory=LinkingConfig)
    fusion: FusionConfig = field(default_factory=FusionConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, as in the TOML file."""
        return asdict(self)

    def override(self, section: str, **values: Any) -> Config:
        """A copy with the values that are not None put into ``section``.

        >>> Config().override("fusion", name="gated").fusion.name
        'gated'
        """
        given = {k: v for k, v in values.items() if v is not None}
        return replace(self, **{section: replace(getattr(self, section), **given)})

    def to_toml(self) -> str:
        """What differs from the defaults, as ``kgml.toml`` says it: read again, the same options.

        >>> print(Config(seed=3).override("fusion", name="gated").to_toml())
        seed = 3
        <BLANKLINE>
        [fusion]
        name = "gated"
        """
        told, usual = self.to_dict(), Config().to_dict()
        parts = [] if self.seed == usual["seed"] else [f"seed = {self.seed}"]
        for section, values in told.items():
            if section == "seed":
                continue
            changed = {k: v for k, v in values.items() if v != usual[section][k]}
            if changed:
                lines = [f"{key} = {_toml(value)}" for key, value in changed.items()]
                parts.append("\n".join([f"[{section}]", *lines]))
        return "\n\n".join(parts)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], where: str = "configuration") -> Config:
        """Build from nested dictionaries; unknown sections, keys and wrong types are refused."""
        config = cls()
        sections = {f.name for f in fields(cls)} - {"seed"}
        for section, values in table.items():
            if section == "seed":
                config = replace(config, seed=_typed(where, "seed", values, int))
            elif section not in sections:
                raise UsageError(f"{where}: no section [{section}]; {one_of(sections, section)}")
            elif not isinstance(values, Mapping):
                raise UsageError(f"{where}: [{section}] must be a table of options.")
            else:
                config = config.override(
                    section, **_options(f"{where}: [{section}]", getattr(config, section), values)
                )
        return config

    @classmethod
    def from_toml(cls, path: Path | None = None) -> Config:
        """Read ``path``; None means ``kgml.toml`` in this folder, if there is one."""
        path = Path(FILE) if path is None else path
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise UsageError(f"{path}: cannot be read ({error.strerror}).") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: not valid TOML ({error}).") from None
        return cls.from_dict(table, str(path))


def _toml(value: Any) -> str:
    """A value of an option in TOML; texts of JSON are texts of TOML but for one character."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_toml(str(k))} = {_toml(v)}" for k, v in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _options(where: str, defaults: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    known = get_type_hints(type(defaults))
    checked = {}
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"{where} has no option '{name}'; {one_of(known, name)}")
        checked[name] = _typed(where, name, value, known[name])
    return checked


def _typed(where: str, name: str, value: Any, kind: Any) -> Any:
    """``value``, if it is of the type ``kind`` of a field, and in its range."""
    if isinstance(kind, UnionType):
        if value is None:  # as `Config.to_dict` writes an option not set
            return None
        if value == "auto" and str in get_args(kind)[1:]:  # a number, or auto
            return value
        kind = get_args(kind)[0]
    wanted = get_origin(kind) or kind
    if wanted is tuple:
        kinds = get_args(kind)
        if kinds[-1] is Ellipsis:
            if not isinstance(value, list | tuple):
                raise UsageError(f"{where} {name} = {value!r}: wanted a list, [a, b, c].")
            return tuple(_typed(where, name, item, kinds[0]) for item in value)
        if not isinstance(value, list | tuple) or len(value) != len(kinds):
            raise UsageError(f"{where} {name} = {value!r}: wanted {len(kinds)} numbers, [a, b].")
        return tuple(_typed(where, name, *pair) for pair in zip(value, kinds, strict=True))
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not wanted:
        raise UsageError(
            f"{where} {name} = {value!r}: wanted {wanted.__name__}, found {type(value).__name__}."
        )
    if isinstance(value, dict) and not all(isinstance(target, str) for target in value.values()):
        raise UsageError(
            f'{where} {name}: wanted a text for each name, such as \'"IRI" = "file"\'.'
        )
    low, high = RANGES.get(name, (float("-inf"), float("inf")))
    if isinstance(value, int | float) and not low <= value <= high:
        upper = f" to {high}" if high < float("inf") else " or more"
        raise UsageError(f"{where} {name} = {value!r}: wanted {low}{upper}.")
    return value
