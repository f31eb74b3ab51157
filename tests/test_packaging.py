"""What the wheel holds, and where the shipped files are found."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import BytesParser
from importlib.util import find_spec
from pathlib import Path

import pytest

import kgml
from kgml import resources

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ["fin.ttl", "bio.ttl", "examples/fin.csv", "examples/bio.csv"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel as pip builds it, without fetching anything."""
    if find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed: pip install -c constraints.txt -e '.[dev]'")
    folder = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *build],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


@pytest.mark.parametrize("file", SHIPPED)
def test_the_wheel_brings_ontologies_and_examples(wheel: zipfile.ZipFile, file: str) -> None:
    packed = wheel.read(f"kgml/_data/ontologies/{file}")
    assert packed == (ROOT / "ontologies" / file).read_bytes()


def test_the_wheel_has_types_licence_version_and_command(wheel: zipfile.ZipFile) -> None:
    info = f"kgml-{kgml.__version__}.dist-info"
    names = wheel.namelist()
    assert {"kgml/py.typed", f"{info}/licenses/LICENSE"} <= set(names)
    assert {name.split("/")[0] for name in names} == {"kgml", info}
    assert "kgml = kgml.cli.app:main" in wheel.read(f"{info}/entry_points.txt").decode()
    metadata = BytesParser().parsebytes(wheel.read(f"{info}/METADATA"))
    assert (metadata["Version"], metadata["License-Expression"]) == (kgml.__version__, "Apache-2.0")


def test_from_the_unpacked_wheel_the_shipped_files_are_found(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    wheel.extractall(tmp_path / "site")
    code = "from kgml import resources as r; print(r.ontology('bio'), r.examples('bio'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    data = tmp_path / "site" / "kgml" / "_data" / "ontologies"
    assert done.stdout.split() == [str(data / "bio.ttl"), str(data / "examples" / "bio.csv")]


@pytest.mark.parametrize("name", ["fin", "fin.ttl", "ontologies/fin.ttl"])
def test_a_shipped_ontology_answers_to_three_names(name: str) -> None:
    assert resources.ontology(name) == ROOT / "ontologies" / "fin.ttl"


@pytest.mark.parametrize("name", ["fin.obo", "../fin.ttl", "/fin.ttl", "fni", "", "ontologies"])
def test_other_names_are_not_ours(name: str) -> None:
    assert resources.ontology(name) is None


@pytest.mark.parametrize("iri", ["https://w3id.org/kgml/fin", "https://w3id.org/kgml/fin#", "fin"])
def test_examples_are_found_by_iri_and_by_name(iri: str) -> None:
    assert resources.examples(iri) == ROOT / "ontologies" / "examples" / "fin.csv"


def test_the_lock_covers_every_dependency_and_names_no_index() -> None:
    import re
    import tomllib

    normal = {
        re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower()
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith("#")
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    (own,) = [line for line in extras["dev"] if line.startswith("kgml[")]
    tested = [line for name in re.findall(r"\w+", own)[1:] for line in extras[name]]
    wanted = [*project["dependencies"], *extras["dev"], *tested]
    wanted.remove(own)
    assert {re.match(r"[\w-]+", line)[0] for line in wanted} <= normal  # type: ignore[index]
    lock = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "+cpu" not in lock
