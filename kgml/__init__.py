"""kgml: the best classifier a domain ontology and a few hundred labelled documents can give.

Public names are loaded when first used (PEP 562), so ``import kgml`` is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "KGMLError": "kgml.errors",
    "Config": "kgml.config",
    "KnowledgeGraph": "kgml.kg.graph",
    "load_graph": "kgml.kg.load",
    "TextEncoder": "kgml.encoders.text",
    "EntityIndex": "kgml.encoders.index",
    "EntityLinker": "kgml.linking.linker",
    "GraphSearch": "kgml.search.engine",
    "open_search": "kgml.search.kept",
    "KGTextClassifier": "kgml.models.classifier",
    "DescribedClass": "kgml.data.classes",
    "tune_options": "kgml.models.tune.run",
    "Tuning": "kgml.models.tune.ask",
    "fit_without_labels": "kgml.models.zero",
    "Explanation": "kgml.models.explain",
    "explain": "kgml.models.explain",
    "faithfulness": "kgml.models.explaining.faithfulness",
    "nearest": "kgml.models.explaining.like",
    "what_if": "kgml.models.explaining.what_if",
    "FinancePipeline": "kgml.pipelines",
    "BiomedicalPipeline": "kgml.pipelines",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'kgml' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
