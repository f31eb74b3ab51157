"""``kgml link`` as its users meet it: scored against gold, written for other programs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
OBO = """format-version: 1.2
ontology: tiny

[Term]
id: T:1
name: Heart disease

[Term]
id: T:2
name: Heart failure
is_a: T:1

[Term]
id: T:3
name: Fever
"""
GOLD = [
    {"text": "Heart failure, fever.", "split": "dev",
     "mentions": [{"start": 0, "end": 13, "text": "Heart failure", "id": "T:2"},
                  {"start": 15, "end": 20, "text": "fever", "id": "X:1"}]},
    {"text": "Fever.", "split": "test", "mentions": [{"start": 0, "end": 5, "id": "T:3"}]},
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(kgml_in: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``tiny.kg`` and ``gold.jsonl``."""
    folder = tmp_path_factory.mktemp("link")
    (folder / "tiny.obo").write_text(OBO, encoding="utf-8")
    lines = "".join(json.dumps(row) + "\n" for row in GOLD)
    (folder / "gold.jsonl").write_text(lines, encoding="utf-8")
    done = kgml_in(folder, "build-graph", "tiny.obo", "-o", "tiny.kg", "--quiet")
    assert done.returncode == 0, done.stderr
    return folder


def test_gold_scores_are_a_table_and_one_json_document(kgml_in: Run, folder: Path) -> None:
    command = ["link", "tiny.kg", "--data", "gold.jsonl", "--gold"]
    done = kgml_in(folder, *command, "--json")
    assert json.loads(done.stdout) == {
        "mention": {"precision": 0.6667, "recall": 0.6667, "f1": 0.6667},
        "document": {"precision": 0.6667, "recall": 0.6667, "f1": 0.6667},
        "accuracy_at_1": 0.6667,
        "errors": {"boundary": 0, "wrong_sense": 1, "missed": 0, "spurious": 0},
        "documents": 2, "mentions": 3, "unknown_ids": 1, "unknown_mentions": 1,
    }  # fmt: skip
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: 1 of 3 gold mentions have an id that the graph does not know")

    told = kgml_in(folder, *command, "--split", "test", "--quiet")
    assert told.stderr == ""
    assert told.stdout.splitlines()[1].split() == ["mention", "1.000", "1.000", "1.000"]


def test_a_root_leaves_other_branches_out(kgml_in: Run, folder: Path) -> None:
    text = "Heart failure, fever."
    done = kgml_in(folder, "link", "tiny.kg", text, "--root", "T:1", "--json")
    (linked,) = json.loads(done.stdout)
    assert [mention["text"] for mention in linked["mentions"]] == ["Heart failure"]
    both = kgml_in(folder, "link", "tiny.kg", text, "--root", "T:1", "--root", "T:3", "--json")
    assert len(json.loads(both.stdout)[0]["mentions"]) == 2


def test_links_are_written_in_the_format_of_the_ending(kgml_in: Run, folder: Path) -> None:
    command = ["link", "tiny.kg", "--data", "gold.jsonl"]
    done = kgml_in(folder, *command, "-o", "out.jsonl")
    assert done.stdout == "3 mentions in 2 texts written to out.jsonl\n"
    shown = kgml_in(folder, *command, "--format", "jsonl")
    assert (folder / "out.jsonl").read_text() == shown.stdout
    assert [json.loads(line)["text"] for line in shown.stdout.splitlines()] == [
        row["text"] for row in GOLD
    ]
    page = kgml_in(folder, *command, "-o", "out.html", "--json")
    assert json.loads(page.stdout) == {"path": "out.html", "texts": 2, "mentions": 3}
    assert kgml_in(folder, *command, "--format", "brat", "-o", "out").returncode == 0
    assert {file.name for file in (folder / "out").iterdir()} == {
        "001.txt", "001.ann", "002.txt", "002.ann", "annotation.conf", "ids.tsv", "manifest.json",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["fever", "--gold"], 2, "--gold and TEXT exclude each other"),
        (["--data", "gold.jsonl", "--gold", "-o", "x.html"], 2, "--gold and -o exclude"),
        (["fever", "--split", "dev"], 2, "--split is for --gold"),
        (["fever", "--format", "brat"], 2, "name it with -o DIR"),
        (["fever", "--format", "htlm"], 2, "Did you mean 'html'?"),
        (["fever", "--format", "html", "--json"], 2, "--json and --format exclude each other"),
        (["fever", "-o", "x.xml"], 2, "wanted a file ending in .html or .jsonl"),
        (["fever", "--root", "T:9"], 1, "no entity 'T:9' in this graph"),
        (["--data", "gold.jsonl", "--gold", "--split", "dve"], 1, "Did you mean 'dev'?"),
        (["--data", "tiny.obo", "--gold"], 1, "found '.obo', wanted gold mentions as .jsonl"),
    ],
)
def test_a_wrong_call_is_one_line_that_says_what_was_wanted(
    kgml_in: Run, folder: Path, arguments: list[str], code: int, words: str
) -> None:
    done = kgml_in(folder, "link", "tiny.kg", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert words in line


def test_what_is_denied_and_what_a_relative_has_is_said(kgml_in: Run, folder: Path) -> None:
    done = kgml_in(folder, "link", "tiny.kg", "Her mother had heart failure. No fever.")
    assert "heart failure (family)" in done.stdout
    assert "fever (negated)" in done.stdout


def test_neither_the_table_nor_an_annotators_work_is_written_over(
    kgml_in: Run, folder: Path, tmp_path: Path
) -> None:
    gold = (folder / "gold.jsonl").read_bytes()
    done = kgml_in(folder, "link", "tiny.kg", "--data", "gold.jsonl", "-o", "./gold.jsonl")
    assert (done.returncode, "choose another -o" in done.stderr) == (2, True)
    assert (folder / "gold.jsonl").read_bytes() == gold
    command = ["link", "tiny.kg", "No fever.", "--format", "brat", "-o", str(tmp_path / "b")]
    for _ in range(2):  # as we wrote it, it is replaced
        assert kgml_in(folder, *command).returncode == 0
    (tmp_path / "b" / "notes.txt").write_text("mine", encoding="utf-8")
    done = kgml_in(folder, *command)
    assert (done.returncode, "'notes.txt', which kgml did not write" in done.stderr) == (1, True)
    (tmp_path / "b" / "notes.txt").unlink()
    annotations = tmp_path / "b" / "001.ann"
    annotations.write_text("T9\tT 0 2\tNo\n", encoding="utf-8")
    done = kgml_in(folder, *command)
    assert (done.returncode, "'001.ann' was changed" in done.stderr) == (1, True)
    assert annotations.read_text(encoding="utf-8") == "T9\tT 0 2\tNo\n"


def test_rows_keep_their_ids_and_an_empty_one_stays_without_mentions(
    kgml_in: Run, folder: Path
) -> None:
    (folder / "notes.csv").write_text("id,text,visit\nn7,Fever.,31\nn8, ,32\nn9,Heart failure,33\n")
    command = ["link", "tiny.kg", "--data", "notes.csv"]
    done = kgml_in(folder, *command, "-o", "notes.jsonl")
    rows = [json.loads(line) for line in (folder / "notes.jsonl").read_text().splitlines()]
    assert [(row["id"], len(row["mentions"])) for row in rows] == [("n7", 1), ("n8", 0), ("n9", 1)]
    (warning,) = done.stderr.splitlines()
    assert warning == (
        "warning: notes.csv: empty text in row 2; nothing is linked there"
    )  # fmt: skip
    by_visit = kgml_in(folder, *command, "--id-column", "visit", "--json")
    assert [row["id"] for row in json.loads(by_visit.stdout)] == ["31", "32", "33"]


def test_rows_without_an_id_column_are_numbered(kgml_in: Run, folder: Path) -> None:
    (folder / "lines.txt").write_text("Fever.\n\nHeart failure\n")
    # a column named in the configuration is one of the tables
    (folder / "kgml.toml").write_text('[train]\ntext_column = "note"\n', encoding="utf-8")
    done = kgml_in(folder, "link", "tiny.kg", "--data", "lines.txt", "--json")
    (folder / "kgml.toml").unlink()
    assert [(row["id"], len(row["mentions"])) for row in json.loads(done.stdout)] == [
        (1, 1), (2, 0), (3, 1),
    ]  # fmt: skip
    one = kgml_in(folder, "link", "tiny.kg", "Fever.", "--json")
    assert json.loads(one.stdout)[0]["id"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--data", "gold.jsonl", "--id-column", "visit"], 1,
         "gold.jsonl: no column 'visit'; choose from mentions, split, text. Did you mean"),
        (["Fever.", "--id-column", "visit"], 2, "--id-column is for a table; add --data FILE"),
        (["--data", "gold.jsonl", "--gold", "--id-column", "visit"], 2,
         "--gold and --id-column exclude each other."),
        (["--data", "lines.txt", "--id-column", "visit"], 2,
         "lines.txt: lines of text have no columns; leave --id-column out, or give a table."),
        (["--data", "lines.txt", "--text-column", "note", "--id-column", "visit"], 2,
         "leave --text-column and --id-column out"),
        (["--data", "tiny.obo"], 1, ".parquet, .tsv, or .txt with one text a line"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_there_is_refused(
    kgml_in: Run, folder: Path, arguments: list[str], code: int, said: str
) -> None:
    (folder / "lines.txt").write_text("Fever.\n", encoding="utf-8")
    done = kgml_in(folder, "link", "tiny.kg", *arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_the_encoder_of_linking_runs_on_the_device_of_the_encoder(
    kgml_in: Run, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "kgml.toml").write_text(
        '[encoder]\ndevice = "cuda:99"\n[linking]\nencoder = "all-MiniLM-L6-v2"\n',
        encoding="utf-8",
    )
    done = kgml_in(tmp_path, "link", folder / "tiny.kg", "A high temperature.")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no device 'cuda:99' here" in done.stderr


def test_nested_mentions_are_an_option(kgml_in: Run, folder: Path) -> None:
    obo = "[Term]\nid: T:1\nname: Colitis\n\n[Term]\nid: T:2\nname: Ulcerative colitis\nis_a: T:1\n"
    (folder / "colitis.obo").write_text(f"format-version: 1.2\nontology: colitis\n\n{obo}")
    assert kgml_in(folder, "build-graph", "colitis.obo", "-o", "colitis.kg").returncode == 0
    command = ["link", "colitis.kg", "Ulcerative colitis.", "--json"]
    counts = [
        len(json.loads(kgml_in(folder, *command, *more).stdout)[0]["mentions"])
        for more in ([], ["--nested"])
    ]
    assert counts == [1, 2]
