"""Where a text encoder is looked for, and what the model hub is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from kgml.encoders.find import find
from kgml.errors import ArtifactError

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import sys
from kgml.encoders.small import SmallBERT
from kgml.encoders.text import TextEncoder
from kgml.errors import ArtifactError
from kgml.progress import set_notes
set_notes(lambda said: print("note:", said))
try:
    TextEncoder(sys.argv[1], cache=False).encode(["a"])
except ArtifactError as error:
    print(error)
"""


def ask(name: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Encode with the model ``name``, in ``folder``, with a local cache of models there."""
    return subprocess.run(
        [sys.executable, "-c", ASK, name],
        cwd=folder, capture_output=True, text=True, timeout=200,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HOME": str(folder / "hf"), **environment},
    )  # fmt: skip


def test_an_unknown_name_offline_ends_in_one_clear_message(tmp_path) -> None:
    result = ask("nobody/no-such-model", tmp_path, HF_HUB_OFFLINE="1")
    assert result.stdout.startswith(
        "text encoder 'nobody/no-such-model' is not in the local cache of models and "
        "HF_HUB_OFFLINE is set. Use the packaged all-MiniLM-L6-v2"
    ), result.stderr


@pytest.fixture
def hub() -> Iterator[tuple[str, list[str]]]:
    """A hub that has nothing: its address, and what it was asked for."""
    asked: list[str] = []

    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_the_hub_is_asked_only_for_an_organisations_model_and_that_is_said(hub, tmp_path) -> None:
    address, asked = hub
    (tmp_path / "hp.encoder").mkdir()
    (tmp_path / "hp.encoder" / "modules.json").write_text("[]")
    environment = {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": ""}
    mistyped = ask("hp.encodr", tmp_path, **environment)
    assert mistyped.stdout == (
        "text encoder 'hp.encodr' is neither a folder nor in the local cache of models. Did you "
        "mean 'hp.encoder'? Use the packaged all-MiniLM-L6-v2, give the folder of a "
        "sentence-transformers model, or for the hub write sentence-transformers/hp.encodr.\n"
    ), mistyped.stderr
    assert asked == []
    wanted = ask("nobody/at-home", tmp_path, **environment)
    said, error = wanted.stdout.splitlines()
    assert said == f"note: asking {address} for nobody/at-home, once; HF_HUB_OFFLINE=1 forbids it"
    assert "'nobody/at-home' is not in the local cache of models and could not be" in error
    assert {path.split("?")[0] for path in asked} == {"/api/models/nobody/at-home/revision/main"}


@pytest.mark.parametrize("name", ["models/", "./a", "~/a", "a/b/c", "/a", "a//b"])
def test_what_is_written_as_a_path_is_no_name_on_the_hub(name, monkeypatch) -> None:
    monkeypatch.setattr("kgml.encoders.find._from_hub", None)
    with pytest.raises(ArtifactError, match="no such folder"):
        find(name)
