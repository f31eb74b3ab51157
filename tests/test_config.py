"""Options: from TOML and back, and one message for each kind of mistake."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from kgml.config import Config, FusionConfig, TrainConfig
from kgml.errors import UsageError

EVERYTHING = """\
seed = 7

[graph]
language = "de"
max_bytes = 1000
max_triples = 20
max_literal = 30
max_ratio = 9
max_depth = 8
projection = "rdf"
obsolete = true
reason = "rdfs"
merge = "xrefs"
imports = false
catalog = "catalog.xml"
import_map = { "http://example.org/a" = "a.ttl" }
allow_network = true
max_download = 5
timeout = 1.5

[encoder]
model = "folder/model"
node_encoder = "sage"
vectors = "x.vectors"
objective = "infomax"
precision = "bf16"
device = "cpu"
long_texts = "chunks"
[search]
method = "bm25"
index = "hnsw"

[node_training]
dimension = 16
epochs = 9
learning_rate = 0.5
batch = 3
check_every = 2
patience = 1
regularization = 0.25
dropout = 0.5
scale = 2.0
full_batch = 10
steps = 4
fan_out = [3, 2]

[adapt]
steps = 7
batch_size = 8
temperature = 0.1
learning_rate = 0.001
general_size = 3
general_weight = 1.5

[few_shot]
layers = 2
steps = 9
batch_size = 16
learning_rate = 0.002
temperature = 0.2

[transformer]
layers = "lora"
epochs = 2
steps = 50
minutes = 3.5
batch_size = 8
accumulation = 2
learning_rate = 0.0003
head_learning_rate = 0.02
warm_up = 0.2
schedule = "cosine"
decay = 0.1
lora_rank = 4
lora_alpha = 4.0
dropout = 0.1
precision = "bf16"
evaluation = 0.2
checks = 1
patience = 5
max_length = 64
gradient_checkpointing = true

[linking]
min_length = 4
variants = false
nested = true
encoder = "tuned"
similar = 0.8
threshold = 0.5

[pretrain]
text_column = "abstract"
split = "train"
split_column = "part"
unit = "line"
near = 0.9
valid = 0.1
objective = "masked"
architecture = "bert"
size = "mini"
parameters = 2000000
depth = 3
width = 96
heads = 6
vocabulary = 1000
context = 128
knowledge_share = 0.5
micro_batch = 4
global_batch = 16
max_tokens = 1000000
max_steps = 100
max_minutes = 5.0
learning_rate = 0.001
warm_up = 0.1
floor = 0.2
decay = 0.2
clip = 2.0
masking = 0.3
precision = "bf16"
gradient_checkpointing = true
shard = true
checks = 5
keep = 4
save_every = 50
device = "cpu"

[fusion]
name = "gated"

[train]
text_column = "abstract"
label_column = "topic"
split_column = "part"
test_size = 0.5
per_class = 8
head = "svm"
regularization = 2.0
class_weight = "none"
target = "multi"
label_separator = "|"
order = ["low", "high"]
lead = false
lexical = 0.5
folds = 3
tune_encoder = true
"""


def toml_of(config: Config) -> str:
    lines = []
    for section, values in config.to_dict().items():
        if isinstance(values, dict):
            pairs = [f"{k} = {_toml(v)}" for k, v in values.items() if v is not None]
            lines += [f"[{section}]", *pairs]
        else:
            lines.insert(0, f"{section} = {values!r}")
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r} = {v!r}" for k, v in value.items()) + "}"
    if isinstance(value, tuple):
        return repr(list(value))
    return str(value).lower() if isinstance(value, bool) else repr(value)


def test_every_option_is_read_from_toml_and_written_back(tmp_path: Path) -> None:
    path = tmp_path / "kgml.toml"
    path.write_text(EVERYTHING, encoding="utf-8")
    config = Config.from_toml(path)
    assert (config.seed, config.fusion.name, config.train.per_class) == (7, "gated", 8)
    changed, default = config.to_dict(), Config().to_dict()
    for section, values in changed.items():
        same = [k for k in values if values[k] == default[section][k]] if section != "seed" else []
        assert not same, f"[{section}] {same}: not read"

    path.write_text(toml_of(config), encoding="utf-8")
    assert Config.from_toml(path) == config
    assert Config.from_dict(config.to_dict()) == config
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_file_in_this_folder_is_read_and_none_means_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Config.from_toml() == Config()
    Path("kgml.toml").write_text('[fusion]\nname = "weighted"\n', encoding="utf-8")
    assert Config.from_toml() == Config(fusion=FusionConfig("weighted"))


def test_an_option_left_out_keeps_its_default() -> None:
    config = Config.from_dict({"train": {"folds": 3}})
    assert config.train == dataclasses.replace(TrainConfig(), folds=3)


def test_a_default_configuration_can_be_read_back() -> None:
    """None (per_class, split_column) is written into artifacts as null."""
    assert Config.from_dict(Config().to_dict()) == Config()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"fusin": {}}, r"here: no section \[fusin\]; .* Did you mean 'fusion'\?"),
        ({"train": {"fold": 3}}, r"here: \[train\] has no option 'fold'; .*mean 'folds'\?"),
        ({"fusion": "gated"}, r"here: \[fusion\] must be a table"),
        ({"train": {"folds": "5"}}, r"\[train\] folds = '5': wanted int, found str"),
        ({"train": {"folds": True}}, r"folds = True: wanted int, found bool"),
        ({"train": {"folds": 2.5}}, r"folds = 2.5: wanted int, found float"),
        ({"train": {"test_size": "0.2"}}, r"test_size = '0.2': wanted float, found str"),
        ({"train": {"test_size": False}}, r"test_size = False: wanted float, found bool"),
        ({"train": {"per_class": "8"}}, r"per_class = '8': wanted int, found str"),
        ({"train": {"split_column": 3}}, r"split_column = 3: wanted str, found int"),
        ({"fusion": {"name": ["gated"]}}, r"name = \['gated'\]: wanted str, found list"),
        ({"node_training": {"epochs": "9"}}, r"epochs = '9': wanted int, found str"),
        ({"node_training": {"fan_out": [3]}}, r"fan_out = \[3\]: wanted 2 numbers, \[a, b\]"),
        ({"node_training": {"fan_out": [3, "2"]}}, r"fan_out = '2': wanted int, found str"),
        ({"adapt": {"learning_rate": None}}, r"learning_rate = None: wanted float"),
        ({"seed": "7"}, r"here seed = '7': wanted int, found str"),
    ],
)
def test_a_mistake_is_named_with_what_was_wanted(table: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Config.from_dict(table, "here")


def test_a_whole_number_will_do_where_a_fraction_is_wanted() -> None:
    with pytest.raises(UsageError, match=r"test_size = 1\.0: wanted 0\.01 to 0\.99"):
        Config.from_dict({"train": {"test_size": 1}})


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ({"seed": -4}, "seed = -4: wanted 0 to 4294967295"),
        ({"linking": {"min_length": -5}}, "min_length = -5: wanted 1 or more"),
        ({"graph": {"max_literal": 0}}, "max_literal = 0: wanted 1 or more"),
        ({"train": {"per_class": -3}}, "per_class = -3: wanted 2 or more"),
        ({"train": {"folds": 1}}, "folds = 1: wanted 2 or more"),
        ({"node_training": {"learning_rate": 0}}, "learning_rate = 0.0: wanted 1e-09 to 1.0"),
        ({"node_training": {"dropout": 1.0}}, "dropout = 1.0: wanted 0.0 to 0.99"),
        ({"node_training": {"fan_out": [3, 0]}}, "fan_out = 0: wanted 1 or more"),
    ],
)
def test_a_number_out_of_its_range_is_refused(table: dict[str, object], wanted: str) -> None:
    with pytest.raises(UsageError, match=wanted):
        Config.from_dict(table)


def test_a_folder_called_kgml_toml_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "kgml.toml").mkdir()
    with pytest.raises(UsageError, match=r"kgml\.toml: cannot be read"):
        Config.from_toml(tmp_path / "kgml.toml")


@pytest.mark.parametrize("content", [b"[fusion\n", b"seed = \n", b'[fusion]\nname = "\xff"\n'])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kgml.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"kgml\.toml: not valid TOML"):
        Config.from_toml(path)


def test_a_mistake_in_a_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "kgml.toml"
    path.write_text('[train]\nhed = "svm"\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"kgml\.toml: \[train\] has no option 'hed'.*'head'"):
        Config.from_toml(path)


def test_flags_win_and_flags_not_given_change_nothing() -> None:
    config = Config.from_dict({"train": {"folds": 3, "head": "svm"}})
    changed = config.override("train", head="logistic", folds=None, per_class=None)
    assert (changed.train.head, changed.train.folds) == ("logistic", 3)
    assert config.train.head == "svm"


def test_a_configuration_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().fusion.name = "gated"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, "single"),
        ({"label_separator": "|"}, "multi"),
        ({"order": ["low", "high"]}, "ordinal"),
        ({"target": "regression"}, "regression"),
    ],
)
def test_the_target_follows_from_what_says_something_of_it(
    options: dict[str, Any], kind: str
) -> None:
    config = Config.from_dict({"train": options})
    config.train.check()
    assert config.train.kind == kind


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "mutli"}, "no target named 'mutli'"),
        ({"target": "single", "label_separator": "|"}, r"label_separator '\|' and target single"),
        ({"label_separator": ""}, "wanted at least one character"),
        ({"label_separator": "|", "per_class": 8}, "per_class is for targets with one class"),
    ],
)
def test_options_of_a_target_that_do_not_go_together_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        Config.from_dict({"train": options}).train.check()


def test_regularization_is_a_number_or_auto_and_an_order_a_list_of_strings() -> None:
    assert Config.from_dict({"train": {"regularization": "auto"}}).train.regularization == "auto"
    assert Config.from_dict({"train": {"regularization": 3}}).train.regularization == 3.0
    for options, wanted in (
        ({"regularization": "aut"}, "wanted float, found str"),
        ({"regularization": -1}, "wanted 0.0 or more"),
        ({"order": "low"}, r"wanted a list, \[a, b, c\]"),
        ({"order": [1, 2]}, "order = 1: wanted str, found int"),
    ):
        with pytest.raises(UsageError, match=wanted):
            Config.from_dict({"train": options})


def test_what_is_written_as_toml_is_read_as_the_same_options(tmp_path: Path) -> None:
    config = Config(seed=7).override(
        "train", label_column='a "b" \\ \x7f ü', order=("low", "high"), regularization=0.1235,
        lead=False, lexical=0.3,
    ).override("graph", import_map={"https://example.org/a": "a.ttl"}).override(
        "node_training", fan_out=(3, 2)
    )  # fmt: skip
    file = tmp_path / "kgml.toml"
    file.write_text(config.to_toml(), encoding="utf-8")
    assert Config.from_toml(file) == config
    assert Config().to_toml() == ""
