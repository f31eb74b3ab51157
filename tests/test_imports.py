"""Imports run one way (docs/ARCHITECTURE.md), and the light commands load nothing heavy."""

from __future__ import annotations

import ast
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEAVES = {"errors", "registry", "config", "artifacts", "progress", "resources"}
SIDE_ROOMS = {"fusion", "data", "evaluation", "training"}
"""Import leaves only; models and what stands above it may import them."""
CHAIN = ["kg", "encoders", "linking", "search", "lm", "models", "pipelines", "cli", "__main__"]
"""Each may import those before it."""
HEAVY = ["torch", "numpy", "pandas", "sklearn", "pyarrow", "rdflib", "faiss", "rich"]


def allowed(room: str) -> set[str]:
    """The rooms that ``room`` may import, itself and the leaves included."""
    if room in LEAVES:
        return LEAVES
    if room in SIDE_ROOMS:
        return LEAVES | {room}
    below = set(CHAIN[: CHAIN.index(room) + 1])
    return LEAVES | below | (SIDE_ROOMS if CHAIN.index(room) >= CHAIN.index("lm") else set())


def upward_imports(package: Path) -> list[str]:
    """Every import in ``package`` that points up, as ``file:line: what is wrong``."""
    found = []
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package).with_suffix("").parts
        if parts == ("__init__",):
            continue  # the public names: strings, loaded when first used
        room = parts[0]
        for line, target in imports(file, package.name, parts):
            where = f"{file.relative_to(package.parent)}:{line}"
            if target == "__version__":
                continue
            if target not in {*LEAVES, *SIDE_ROOMS, *CHAIN}:
                found.append(f"{where}: {room} imports '{target}' from the public names of kgml")
            elif target not in allowed(room):
                found.append(f"{where}: {room} imports {target}, an arrow that points up")
    return found


def imports(file: Path, package: str, parts: tuple[str, ...]) -> list[tuple[int, str]]:
    """(line, room) of every import of our own package, inside functions too."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = [package, *parts[:-1]][: len(parts) - node.level + 1]
                base = ".".join([*above, *filter(None, [base])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            top, _, rest = name.partition(".")
            if top == package:
                found.append((node.lineno, rest.partition(".")[0] or package))
    return found


def test_no_import_points_up() -> None:
    assert upward_imports(ROOT / "kgml") == []


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        ("kg/load.py", "\nfrom kgml.models.train import train", "kg/load.py:2: kg imports models"),
        ("fusion/gated.py", "import kgml.kg.graph", "fusion/gated.py:1: fusion imports kg"),
        ("data/corpus.py", "from ..evaluation import x", "data/corpus.py:1: data imports eval"),
        (
            "linking/linker.py",
            "def f():\n    from kgml import data",
            "linker.py:2: linking imports",
        ),
        ("errors.py", "from kgml.kg import graph", "errors.py:1: errors imports kg"),
        ("models/train.py", "from kgml import KnowledgeGraph", "train.py:1: models imports 'Know"),
        ("encoders/text.py", "import kgml", "text.py:1: encoders imports 'kgml' from the public"),
    ],
)
def test_a_planted_upward_import_is_found_with_file_and_line(
    tmp_path: Path, file: str, source: str, complaint: str
) -> None:
    planted = tmp_path / "kgml" / file
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(source, encoding="utf-8")
    (found,) = upward_imports(tmp_path / "kgml")
    assert complaint in found


def test_models_may_import_every_room_below_and_beside(tmp_path: Path) -> None:
    planted = tmp_path / "kgml" / "models" / "train.py"
    planted.parent.mkdir(parents=True)
    rooms = ["linking", "encoders", "kg", "fusion", "data", "evaluation", "errors", "models"]
    planted.write_text("\n".join(f"import kgml.{room}" for room in rooms), encoding="utf-8")
    assert upward_imports(tmp_path / "kgml") == []


def loaded_by(code: str, cwd: Path) -> set[str]:
    """Top-level modules in ``sys.modules`` when ``code`` has ended."""
    watch = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('LOADED', *{m.split('.')[0] for m in sys.modules}))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", watch + code],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def command(*arguments: str) -> str:
    """Code that runs the command line as its entry point does."""
    return f"sys.argv[1:] = {list(arguments)}\nfrom kgml.cli.app import main\nmain()\n"


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    assert loaded_by(command("--help"), tmp_path) & set(HEAVY) == set()


def test_help_answers_in_half_a_second(tmp_path: Path) -> None:
    """Of processor time: on a busy machine the clock measures what else is running."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    seconds = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "kgml", "--help"],
            cwd=tmp_path, env=environment, capture_output=True, check=True,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert 0 < min(seconds) < 0.5, f"kgml --help took {min(seconds):.2f} s at best"


def test_build_graph_never_imports_torch(tmp_path: Path) -> None:
    (tmp_path / "two.nt").write_text(
        "<http://e.org/a> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <http://e.org/b> .\n"
        '<http://e.org/a> <http://www.w3.org/2000/01/rdf-schema#label> "a heart"@en .\n',
        encoding="utf-8",
    )
    loaded = loaded_by(command("build-graph", "two.nt", "-o", "two.kg", "--json"), tmp_path)
    assert (tmp_path / "two.kg" / "manifest.json").is_file()
    assert loaded & {"torch", "torch_geometric", "sentence_transformers", "sklearn"} == set()
