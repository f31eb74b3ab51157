"""The ontologies and example tables that kgml ships, found in a checkout and in a wheel alike.

>>> shipped()
['bio', 'fin']
>>> ontology("fin").name
'fin.ttl'
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

NAMESPACE = "https://w3id.org/kgml/"
"""An ontology of ours has the IRI ``NAMESPACE`` + name."""


def folder() -> Path:
    """Where the shipped files are: ``kgml/_data/ontologies`` installed, ``ontologies`` beside
    the package in a source checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_data" / "ontologies"
    return installed if installed.is_dir() else package.parent / "ontologies"


def shipped() -> list[str]:
    """Names of the shipped ontologies, sorted."""
    return sorted(file.stem for file in folder().glob("*.ttl"))


def ontology(name: str) -> Path | None:
    """The shipped ontology called ``fin``, ``fin.ttl`` or ``ontologies/fin.ttl``; None if not ours.

    >>> ontology("ontologies/bio.ttl").name, ontology("hp.obo"), ontology("elsewhere/fin.ttl")
    ('bio.ttl', None, None)
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if str(path.parent) not in (".", "ontologies") or path.suffix not in ("", ".ttl"):
        return None
    return folder() / f"{path.stem}.ttl" if path.stem in shipped() else None


def examples(ontology: str) -> Path | None:
    """The example table of a shipped ontology, by its IRI or name; None if it has none.

    >>> examples("https://w3id.org/kgml/fin").name, examples("https://example.org/fin")
    ('fin.csv', None)
    """
    name = ontology.removeprefix(NAMESPACE).rstrip("/#")
    table = folder() / "examples" / f"{name}.csv"
    return table if name in shipped() and table.is_file() else None
