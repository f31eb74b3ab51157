"""Options by name: each one loads, a wrong one is answered, a stranger's is found."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kgml import registry
from kgml.config import Config
from kgml.errors import UsageError
from kgml.registry import OPTIONS, check, names, resolve


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group in OPTIONS for name in OPTIONS[group]]
)
def test_every_name_gives_the_class_it_stands_for(group: str, name: str) -> None:
    module, _, attribute = OPTIONS[group][name].partition(":")
    found = resolve(group, name)
    assert (found.__module__, found.__name__) == (module, attribute)
    assert found.__doc__, "an option says what it is"


def test_the_names_of_a_group_are_sorted() -> None:
    assert names("fusion") == (
        "attention", "class-attention", "concat", "gated", "none", "text-serialised", "weighted",
    )  # fmt: skip


def test_the_defaults_of_the_configuration_are_known_names() -> None:
    config = Config()
    check("fusion", config.fusion.name)
    check("node_encoder", config.encoder.node_encoder)
    check("objective", config.encoder.objective)
    check("head", config.train.head)


@pytest.mark.parametrize(
    ("group", "name", "message"),
    [
        ("fusion", "atention", r"no fusion named 'atention'; .* Did you mean 'attention'\?"),
        ("node_encoder", "sag", r"no node encoder named 'sag'; .* Did you mean 'sage'\?"),
        ("objective", "infomx", r"no objective named 'infomx'; .* Did you mean 'infomax'\?"),
        ("head", "logisitc", r"no head named 'logisitc'; .* Did you mean 'logistic'\?"),
        (
            "head",
            "xyz",
            r"choose from auto, blend, boosting, centroid, logistic, ridge, svm, transformer\.$",
        ),
    ],
)
def test_an_unknown_name_is_answered_with_what_could_be_meant(
    group: str, name: str, message: str
) -> None:
    for look_up in (check, resolve):
        with pytest.raises(UsageError, match=message):
            look_up(group, name)


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An installed package that adds the fusion ``mine``."""
    (tmp_path / "kgml_stranger.py").write_text(
        "from kgml.fusion.concat import ConcatFusion\n\n\nclass Mine(ConcatFusion):\n    pass\n"
    )
    about = tmp_path / "kgml_stranger-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: kgml-stranger\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[kgml.fusion]\nmine = kgml_stranger:Mine\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry.names.cache_clear()
    yield "mine"
    registry.names.cache_clear()
    sys.modules.pop("kgml_stranger", None)


def test_another_package_adds_an_option_with_an_entry_point(stranger: str) -> None:
    assert stranger in names("fusion")
    assert resolve("fusion", stranger)(6, 4).d_out == 10
