"""The table of options: what may stand in it, what becomes of a trial's values."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgml.config import Config
from kgml.errors import UsageError
from kgml.models.tune.space import LIGHT, Choice, Range, of_names
from kgml.models.tune.spacefile import read_space
from kgml.models.tune.usual import settled, usual


def test_every_row_names_a_place_in_kgml_toml() -> None:
    for option in LIGHT:
        assert hasattr(getattr(Config(), option.section), option.key), option.place
        assert option.why or not option.dear
    assert len({option.label for option in LIGHT}) == len(LIGHT)


def test_dear_options_are_searched_only_where_they_are_named() -> None:
    assert not of_names([]).dear
    assert [option.name for option in of_names(["threshold", "lead"]).options] == [
        "lead",
        "threshold",
    ]
    assert len(of_names(["threshold", "variants", "nested"]).readings()) == 12
    with pytest.raises(UsageError, match="48 ways to read all texts; wanted at most 24"):
        of_names(["threshold", "variants", "nested", "node_encoder", "long_texts"])


def test_the_defaults_are_written_out_and_lie_within_the_space() -> None:
    config = Config().override("train", regularization=500.0, head="logistic")
    space = settled(of_names([]), config, 8, False)
    given, params = usual(space, config, 8)
    assert params == {"fusion": "concat", "head": "logistic", "regularization of logistic": 500.0,
                      "class_weight": "none", "lead": True, "lexical": "auto"}  # fmt: skip
    assert given["head"] == "logistic"
    wide = {option.label: option.values for option in space.options}
    assert wide["regularization of logistic"] == Range(0.1, 500.0)
    assert wide["head"] == Choice(("logistic", "svm", "blend", "centroid", "ridge"))


def test_many_rows_per_class_have_another_head_by_default() -> None:
    space = settled(of_names([]), Config(), 60, False)
    assert usual(space, Config(), 60)[1]["head"] == "blend"
    assert usual(space, Config(), 60)[1]["regularization of blend"] == 0.5


def test_a_trial_is_put_into_the_options_and_what_does_not_apply_goes() -> None:
    config = Config().override("train", class_weight="balanced", regularization=2.0)
    space = settled(of_names([]), config, 8, False)
    tried = space.apply(config, {"fusion": "gated", "head": "svm", "class_weight": "none",
                                 "regularization of svm": 0.123456, "lexical": 2.0})  # fmt: skip
    assert (tried.fusion.name, tried.train.head, tried.train.lexical) == ("gated", "svm", 2.0)
    assert (tried.train.regularization, tried.train.class_weight) == (0.1235, "none")
    tried = space.apply(config, {"fusion": "none", "head": "centroid"})
    assert (tried.train.regularization, tried.train.class_weight) == (None, None)


def test_heads_that_would_not_take_a_given_option_are_left_out() -> None:
    config = Config().override("train", class_weight="balanced")
    space = settled(of_names([]).without("class_weight", "given"), config, 8, False)
    (head,) = [option for option in space.options if option.name == "head"]
    assert head.values == Choice(("logistic", "svm", "blend", "ridge"))


def test_a_regression_has_one_head_and_its_strength() -> None:
    config = Config().override("train", target="regression")
    space = settled(of_names([]), config, 8, False)
    assert [option.label for option in space.options] == [
        "fusion", "regularization of ridge", "lead", "lexical"
    ]  # fmt: skip
    assert space.left["head"] == "has one value only"


def test_a_file_of_options_has_lists_and_ranges(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(
        '[fusion]\nname = ["none", "gated"]\n[train]\nhead = ["logistic", "boosting"]\n'
        "regularization = { low = 0.5, high = 8 }\n"
    )
    space = settled(read_space(file), Config(), 8, True)
    found = {option.label: option.values for option in space.options}
    assert found == {
        "fusion": Choice(("none", "gated", "concat")),
        "head": Choice(("logistic", "boosting")),
        "regularization of logistic": Range(0.5, 10.0),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[fusion]\nname = 3", r"\[fusion\] name: wanted a list, such as"),
        ('[fusion]\nname = ["gaeted"]', "no fusion named 'gaeted'.*Did you mean 'gated'"),
        ("[fusion]\nname = [1]", "name = 1: wanted str, found int"),
        ("[train]\nregularization = { low = 5.0, high = 1.0 }", "low 5 and high 1; wanted 0 < low"),
        ('[train]\nhead = ["ridgee"]', "no head named 'ridgee'.*Did you mean 'ridge'"),
        ("[train]\ntest_size = [0.1, 0.2]", "train.test_size is not searched; choose from"),
        (
            "[linking]\nthreshold = { low = 0.5, high = 0.9 }",
            "threshold: wanted a list of values, as",
        ),
        ("lead = [true]", "'lead' stands in no section"),
        ("[train", "not valid TOML"),
        ("", "names no option"),
        ("[train]\nlead = [true]", "nothing to search"),
    ],
)
def test_what_cannot_be_searched_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        settled(read_space(file), Config(), 8, True)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--space .*none.toml: cannot be read"):
        read_space(tmp_path / "none.toml")
