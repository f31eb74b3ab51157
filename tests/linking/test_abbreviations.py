"""Abbreviations that a text defines: both patterns, plurals, and a new meaning later on."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgml.kg.load import load_graph
from kgml.linking.linker import EntityLinker

TERMS = {
    "T:1": ("inflammatory bowel disease", []),
    "T:2": ("irritable bowel syndrome", ["IBD"]),
    "T:3": ("hepatocellular carcinoma", []),
    "T:4": ("multiple sclerosis", []),
    "T:5": ("mitral stenosis", []),
    "T:6": ("Parkinson's disease", ["Parkinson's"]),
    "T:7": ("myotonic dystrophy", []),
    "T:8": ("hepatic failure", []),
    "T:9": ("headache", ["CT"]),
}


@pytest.fixture(scope="module")
def linker(tmp_path_factory: pytest.TempPathFactory) -> EntityLinker:
    lines = ["format-version: 1.2", "ontology: tiny", ""]
    for name, (label, synonyms) in TERMS.items():
        lines += ["[Term]", f"id: {name}", f"name: {label}"]
        lines += [f'synonym: "{synonym}" EXACT []' for synonym in synonyms]
        lines.append("")
    path: Path = tmp_path_factory.mktemp("abbreviations") / "tiny.obo"
    path.write_text("\n".join(lines), encoding="utf-8")
    return EntityLinker.from_graph(load_graph(path))


@pytest.mark.parametrize(
    ("text", "short", "expected"),
    [
        ("Inflammatory bowel diseases (IBDs) are common. IBD is chronic.", "IBD", ["T:1"]),
        ("Inflammatory bowel diseases (IBDs) are common. IBDs rose.", "IBDs", ["T:1", "T:1"]),
        ("IBD is chronic.", "IBD", ["T:2"]),
        ("HCC (hepatocellular carcinoma) is common. HCC recurred.", "HCC", ["T:3", "T:3"]),
        ("HCC [hepatocellular carcinoma] is common. HCC recurred.", "HCC", ["T:3", "T:3"]),
        ("HCC (hepatocellular carcinoma; OMIM 114550) recurred.", "HCC", ["T:3"]),
        ("HCCs (hepatocellular carcinomas) recurred. An HCC grew.", "HCC", ["T:3"]),
        ("Multiple sclerosis [MS] is common. MS was seen.", "MS", ["T:4", "T:4"]),
        ("Multiple sclerosis (MS); mitral stenosis (MS). MS", "MS", ["T:4", "T:5", "T:5"]),
        ("MS is common. Multiple sclerosis (MS) was seen.", "MS", ["T:4", "T:4"]),
        ("DM (myotonic dystrophy) was seen.", "DM", ["T:7"]),
        ("Myotonic dystrophy (DM) was seen; DM", "DM", ["T:7", "T:7"]),
        ("Parkinson's disease (PD). PD. Progressive disease (PD): PD", "PD", ["T:6", "T:6"]),
        (
            "Parkinson's disease (PD). Patients had Parkinson's (PD). PD",
            "PD",
            ["T:6", "T:6", "T:6"],
        ),
        ("CT (computed tomography) was done. CT was normal.", "CT", []),
        ("He (hepatic failure) was seen. He", "He", []),
    ],
)
def test_a_short_form_means_what_was_defined_last(
    linker: EntityLinker, text: str, short: str, expected: list[str]
) -> None:
    found = [
        f"T:{mention.candidates[0].entity + 1}"
        for mention in linker.link_one(text)
        if mention.text == short
    ]
    assert found == expected
