"""Tables of classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgml.data.classes import DescribedClass, read_classes
from kgml.errors import CorpusError


def test_rows_of_a_label_are_one_class_and_empty_cells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("label,name,definition,id\nb,B,,X:2\na,A,An a.,\nb,Bee,,X:3\n")
    assert read_classes(path) == [
        DescribedClass("a", ("A", "An a.")),
        DescribedClass("b", ("B", "Bee"), ("X:2", "X:3")),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name\na\nb\n", "no column 'label'.*Wanted label, and name, description or id"),
        ("label\na\n", "1 different of 1 classes; wanted at least two"),
        ("label,name\na,A\n,B\n", "no label in row 2"),
    ],
)
def test_a_table_that_says_too_little_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "c.csv"
    path.write_text(content)
    with pytest.raises(CorpusError, match=message):
        read_classes(path)
