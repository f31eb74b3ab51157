"""The public ontologies, where ``shared/data`` lies beside the checkout; counts from SOURCE.md."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kgml import load_graph
from kgml.errors import OntologyError

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "ontologies"
HPO = DATA / "hpo" / "hp.obo"
pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not beside the checkout"),
    pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning"),
]


def test_hpo_has_the_published_counts() -> None:
    graph = load_graph(HPO)
    report = graph.report
    assert (report["entities"], report["triples"], report["obsolete"]) == (19_034, 23_392, 450)
    # 16,449 have a definition; of 76 without one, the comment is in its place
    assert (report["definitions"], report["unlabelled"]) == (16_449 + 76, 0)
    assert graph["HP:0001250"].label == "Seizure"
    assert graph["http://purl.obolibrary.org/obo/HP_0001250"].id == "HP:0001250"
    assert graph.ancestors[graph.number("HP:0001250"), graph.number("HP:0000118")]
    assert graph.ontologies[0]["version"] == "hp/releases/2025-01-16"


def test_doid_and_mesh_have_the_published_counts_and_close_in_seconds() -> None:
    paths = [DATA / "doid" / "doid_assembled.obo", DATA / "mesh" / "mesh_descriptors.obo"]
    doid, mesh = (load_graph(path) for path in paths)
    assert (len(doid), len(doid.triples)) == (12_246, 12_288)
    assert (len(mesh), len(mesh.triples)) == (30_764, 42_021)
    merged = load_graph([HPO, *paths])
    assert len(merged) == 19_034 + 12_246 + 30_764
    started = time.process_time()
    assert merged.ancestors.nnz > 400_000
    assert time.process_time() - started < 5


def test_fibo_loads_whole() -> None:
    graph = load_graph(DATA / "fibo")
    assert graph.report["files"] >= 294
    assert len(graph) > 6_000
    bond = graph["https://spec.edmcouncil.org/fibo/ontology/SEC/Debt/Bonds/Bond"]
    assert (bond.label, bond.kind) == ("bond", "class")
    assert graph.depth() >= 5


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.75, 0.9])
def test_hpo_cut_anywhere_within_a_text_is_refused(share: float, tmp_path: Path) -> None:
    data = HPO.read_bytes()
    cut = data.index(b'synonym: "', int(len(data) * share)) + 14
    (tmp_path / "hp.obo").write_bytes(data[:cut])
    with pytest.raises(OntologyError, match=r"line [\d]+: .*truncated"):
        load_graph(tmp_path / "hp.obo")
