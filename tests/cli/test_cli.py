"""The command line as its users meet it: a process, its two streams and its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kgml import __version__
from kgml.cli.output import Call, columns

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]
COMMANDS = ["build-graph", "adapt", "assess", "build", "train", "predict", "evaluate", "explain", "compare",
            "tune", "tune pretrain", "pretrain", "generate", "link", "encode", "search", "info",
            "validate"]  # fmt: skip
GROUP = ["stats", "show", "diff", "subset", "fetch", "export"]
HEART = """\
@prefix : <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
:disease a owl:Class ; rdfs:label "heart disease"@en .
:af a owl:Class ; rdfs:subClassOf :disease ; rdfs:label "atrial fibrillation"@en ;
    skos:altLabel "AF"@en .
:warfarin a owl:Class ; rdfs:label "warfarin"@en .
"""


@pytest.fixture
def heart(tmp_path: Path) -> Path:
    """A Turtle file of three concepts."""
    file = tmp_path / "heart.ttl"
    file.write_text(HEART, encoding="utf-8")
    return file


@pytest.fixture
def graph(kgml: Run, heart: Path, tmp_path: Path) -> Path:
    """The same, built."""
    done = kgml("build-graph", heart, "-o", tmp_path / "heart.kg", "--quiet")
    assert done.returncode == 0, done.stderr
    return tmp_path / "heart.kg"


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """One clear message on stderr, nothing on stdout, no traceback."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_help_lists_every_command(kgml: Run) -> None:
    done = kgml("--help")
    assert done.returncode == 0
    lines = done.stdout.splitlines()[-len(COMMANDS) - 1 :]
    shown = [line.strip().split("  ")[0] for line in lines]
    assert shown == [*COMMANDS, "graph"]
    group = kgml("graph", "--help").stdout.splitlines()[-len(GROUP) :]
    assert [line.split()[0] for line in group] == GROUP


@pytest.mark.parametrize("command", [*COMMANDS, *(f"graph {name}" for name in GROUP)])
def test_every_command_has_json_seed_and_quiet(kgml: Run, command: str) -> None:
    done = kgml(*command.split(), "--help")
    assert done.returncode == 0
    assert all(option in done.stdout for option in ("--json", "--seed", "--quiet"))


def test_version_is_the_package_version(kgml: Run) -> None:
    assert kgml("--version").stdout == f"kgml {__version__}\n"


def test_build_graph_prints_counts_as_a_table_and_as_one_json_document(
    kgml: Run, heart: Path
) -> None:
    told = kgml("build-graph", heart, "-o", "told.kg")
    assert told.returncode == 0, told.stderr
    counts = dict(line.split()[:2] for line in told.stdout.splitlines())
    assert (counts["entities"], counts["labels"], counts["synonyms"]) == ("3", "3", "1")

    done = kgml("build-graph", heart, "-o", "heart.kg", "--json")
    report = json.loads(done.stdout)
    assert report["entities"] == 3
    assert set(report) >= {
        "entities", "relations", "triples", "labels", "synonyms", "definitions", "unlabelled",
        "dropped", "seconds", "sha256", "path",
    }  # fmt: skip


def test_the_command_is_stored_as_it_was_given(kgml: Run, heart: Path) -> None:
    kgml("build-graph", heart, "-o", "my heart.kg", "--quiet")
    manifest = json.loads(kgml("info", "my heart.kg", "--json").stdout)
    assert manifest["kind"] == "graph"
    assert manifest["command"] == f"kgml build-graph {heart} -o 'my heart.kg' --quiet"


def test_without_a_path_the_shipped_ontology_is_built_and_named(kgml: Run) -> None:
    done = kgml("build-graph", "-o", "g.kg", "--json")
    assert done.returncode == 0, done.stderr
    assert "note: no PATH given; using the shipped ontology 'fin'" in done.stderr
    assert json.loads(done.stdout)["entities"] >= 300


def test_quiet_leaves_stderr_empty(kgml: Run, heart: Path) -> None:
    heart.write_text(HEART + ":nameless a owl:Class .", encoding="utf-8")
    loud = kgml("build-graph", heart, "-o", "heart.kg")
    (line,) = loud.stderr.splitlines()
    assert line.startswith("warning: 1 of 4 entities")
    assert kgml("build-graph", heart, "-o", "heart.kg", "--quiet").stderr == ""


def test_link_shows_spans_with_their_concepts(kgml: Run, graph: Path) -> None:
    text = "Warfarin was started after new atrial fibrillation."
    (linked,) = json.loads(kgml("link", graph, text, "--json").stdout)
    spans = [(m["start"], m["end"], m["candidates"][0]["id"]) for m in linked["mentions"]]
    assert spans == [(0, 8, "http://example.org/warfarin"), (31, 50, "http://example.org/af")]

    told = kgml("link", graph, text).stdout.splitlines()
    assert told[0] == text
    assert told[2].split()[:3] == ["31–50", "atrial", "fibrillation"]


def test_link_reads_a_table_row_by_row(kgml: Run, graph: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("note\nAF again\nnothing\n", encoding="utf-8")
    done = kgml("link", graph, "--data", "notes.csv", "--text-column", "note", "--json")
    assert [len(row["mentions"]) for row in json.loads(done.stdout)] == [1, 0]
    assert kgml("link", graph, "nothing").stdout.splitlines()[1] == "  nothing linked"


def test_search_finds_the_concept_that_is_meant(kgml: Run, graph: Path) -> None:
    done = kgml("search", graph, "irregular beating of the atria", "-k", 2, "--json")
    hits = json.loads(done.stdout)
    assert hits[0]["id"] == "http://example.org/af"
    assert len(hits) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--fusion", "atention"], ["no fusion named", "Did you mean 'attention'?"]),
        (["train", "--node-encoder", "sgae"], ["no node encoder named", "Did you mean 'sage'?"]),
        (["train", "--head", "smv"], ["no head named", "Did you mean 'svm'?"]),
        (["train", "--split-column", "s", "--test-size", "0.5"], ["exclude each other"]),
        (["train", "--test-size", "2"], ["--test-size", "0.99"]),
        (["predict", "m", "a text", "--data", "t.csv"], ["TEXT and --data exclude each other"]),
        (["predict", "m"], ["nothing to read", "--data FILE"]),
        (["predict", "m", "a text", "-o", "out.xlsx"], ["out.xlsx", ".jsonl or .csv"]),
        (["link", "g"], ["nothing to read"]),
        (["tarin"], ["No such command", "Did you mean 'train'?"]),
        (["train", "--hed", "svm"], ["No such option: --hed. Did you mean '--head'?"]),
        (["train", "--per-class", "1"], ["--per-class", "2"]),
        (["train", "--seed", "x"], ["--seed", "integer", "See 'kgml train --help'."]),
        (["predict"], ["Missing argument 'MODEL'"]),
        (["evaluate", "m"], ["Missing option '--data'"]),
        (["info", "a", "b"], ["unexpected extra argument"]),
        (["search", "g", "heart", "-k", "0"], ["-k"]),
    ],
)
def test_a_wrong_call_ends_with_exit_2_and_says_what_was_wanted(
    kgml: Run, arguments: list[str], words: list[str]
) -> None:
    done = kgml(*arguments)
    refused(done, 2, "error: ", *words)
    assert len(done.stderr.splitlines()) == 1


def test_without_arguments_the_help_is_shown(kgml: Run) -> None:
    refused(kgml(), 2, "Usage: kgml", "build-graph")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build-graph", "no.ttl"], ["error: ", "no.ttl"]),
        (["train", "--graph", "no.kg"], ["error: ", "no.kg"]),
        (["predict", "no.model", "a text"], ["error: no.model: no such folder"]),
        (["predict", "no.model", " "], ["error: TEXT is empty"]),
        (["predict", "no.model", "--data", "no.csv"], ["error: no.csv: no such file"]),
        (["evaluate", "no.model", "--data", "no.csv"], ["error: no.csv: no such file"]),
        (["link", "no.kg", "a text"], ["error: no.kg: no such folder"]),
        (["link", "no.kg", b"caf\xe9".decode(errors="surrogateescape")], ["not valid UTF-8"]),
        (["search", "no.kg", " "], ["error: QUERY is empty"]),
        (["search", "no.kg", "heart"], ["error: no.kg: no such folder"]),
        (["info", "no.kg", "--json"], ["error: no.kg: no such folder"]),
    ],
)
def test_input_that_cannot_be_used_ends_with_exit_1_and_one_message(
    kgml: Run, arguments: list[str], words: list[str]
) -> None:
    done = kgml(*arguments)
    refused(done, 1, *words)
    assert len(done.stderr.splitlines()) == 1


BAD = '"a\\u001B[31mb\\u001B]0;title\\u0007\\u009B1m\\u202Ec\\u2066"'
SHOWN = r"a\x1b[31mb\x1b]0;title\x07\x9b1m\u202ec\u2066"


def test_a_label_or_a_text_cannot_steer_the_terminal(kgml: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.ttl").write_text(f"{HEART}:bad a owl:Class ; rdfs:label {BAD} ; "
                                      'skos:altLabel "warfare" .', encoding="utf-8")  # fmt: skip
    assert kgml("build-graph", "bad.ttl", "-o", "bad.kg", "--quiet").returncode == 0
    text = "first \x1b[2Jline\nabout\twarfare"
    linked = kgml("link", "bad.kg", text)
    found = kgml("search", "bad.kg", "warfare", "-k", 4)
    refusal = kgml("info", "no\x1b[31m.kg")
    assert linked.stdout.splitlines()[:2] == [r"first \x1b[2Jline", "about\twarfare"]
    assert SHOWN in linked.stdout
    assert SHOWN in found.stdout
    assert r"error: no\x1b[31m.kg: no such folder" in refusal.stderr
    for stream in (linked.stdout, found.stdout, refusal.stderr):
        assert not set("\x1b\x07\x9b\u202e\u2066") & set(stream)
    assert "\x1b[31m" in json.loads(kgml("link", "bad.kg", text, "--json").stdout)[0][
        "mentions"][0]["candidates"][0]["label"]  # fmt: skip


def test_a_cell_of_a_table_stays_on_its_line() -> None:
    assert columns([["a\nb\t\r", 1], ["c", 22]]) == "a\\x0ab\\x09\\x0d   1\nc               22"


def test_the_options_of_training_hold_where_kgml_toml_and_flags_say_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trained = {"train": {"text_column": "note", "label_column": "code"}, "seed": 7}
    call = Call("kgml", json=False, seed=None, quiet=False)

    def chosen(**flags: str) -> tuple[str, str, int]:
        config = call.config(trained, train=flags)
        return config.train.text_column, config.train.label_column, config.seed

    assert chosen() == ("note", "code", 7)
    (tmp_path / "kgml.toml").write_text('seed = 3\n[train]\ntext_column = "text"\nfolds = 4\n')
    assert chosen() == ("text", "code", 3)
    assert chosen(text_column="body") == ("body", "code", 3)
    assert call.config(trained).train.folds == 4


def test_kgml_toml_is_read_and_a_flag_wins(kgml: Run, heart: Path, tmp_path: Path) -> None:
    (tmp_path / "kgml.toml").write_text('seed = 3\n[graph]\nlanguage = "de"\n', encoding="utf-8")
    kgml("build-graph", heart, "-o", "a.kg", "--quiet")
    kgml("build-graph", heart, "-o", "b.kg", "--quiet", "--language", "en", "--seed", 5)
    a, b = (json.loads(kgml("info", name, "--json").stdout) for name in ("a.kg", "b.kg"))
    assert (a["config"]["graph"]["language"], b["config"]["graph"]["language"]) == ("de", "en")

    (tmp_path / "kgml.toml").write_text('[fusion]\nnaem = "gated"\n', encoding="utf-8")
    refused(kgml("train"), 2, "kgml.toml", "Did you mean 'name'?")


def test_a_changed_byte_is_found_by_info(kgml: Run, graph: Path) -> None:
    file = graph / "entities.arrow"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    refused(kgml("info", graph), 1, "entities.arrow", "changed since it was saved")


def start(*arguments: object, cwd: Path, stdout: int) -> subprocess.Popen[str]:
    """The command line as a process that is still running.

    A shell's background job ignores interrupts, and so would what it starts: hence the reset.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "kgml", *map(str, arguments)],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=stdout, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def test_a_closed_pipe_is_quiet(graph: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = start("info", graph, cwd=graph, stdout=write_end)
    os.close(write_end)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (141, "")


def test_an_interrupt_is_one_line_and_exit_130(tmp_path: Path) -> None:
    pipe = tmp_path / "endless.ttl"
    os.mkfifo(pipe)
    process = start("build-graph", pipe, "-o", "g.kg", cwd=tmp_path, stdout=subprocess.PIPE)
    try:
        writer = _open_when_read(pipe, process)
        _wait_until_blocked(process)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
        os.close(writer)  # not before: the end of the data must not be what ended it
    finally:
        process.kill()
    assert process.returncode == 130
    assert (stdout, stderr) == ("", "interrupted: what was there before is unchanged\n")
    assert list(tmp_path.iterdir()) == [pipe]


def _open_when_read(pipe: Path, process: subprocess.Popen[str]) -> int:
    """Open ``pipe`` for writing as soon as ``process`` reads from it."""
    while process.poll() is None:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.02)
    pytest.fail(f"ended before it read: {process.communicate()[1]}")


def _wait_until_blocked(process: subprocess.Popen[str]) -> None:
    """Wait until ``process``, which has opened a pipe, sleeps in the system call that reads it.

    An interrupt between Python's last look for signals and that call is noted and acted upon only
    when the call returns, which it never does here: nobody writes to the pipe.
    """
    status = Path(f"/proc/{process.pid}/stat")
    if not status.exists():  # not Linux: the few instructions up to the call take far less
        time.sleep(1)
        return
    while process.poll() is None:
        if status.read_text().rpartition(")")[2].split()[0] == "S":  # proc(5): sleeping
            return
        time.sleep(0.01)
    pytest.fail(f"ended before it was interrupted: {process.communicate()[1]}")
