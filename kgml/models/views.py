"""What is counted in one passage of each document: its words and its concepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.models.concepts import ConceptView
from kgml.models.features import Documents
from kgml.models.lexical import LexicalView, no_columns


class Views:
    """The lexical view and the concept view of the same passages, fitted on the same rows.

    Attributes:
        lexical_: None where words are not counted. concepts_: the sparse concept view.
    """

    lexical_: LexicalView | None = None
    concepts_: ConceptView

    def fit(self, documents: Documents, lexical: bool, vocabularies: NDArray[np.int64]) -> Views:
        """Vocabulary, idf and columns of training ``documents``."""
        if lexical:
            self.lexical_ = LexicalView().fit(documents.terms)
        self.concepts_ = ConceptView().fit(documents.counts, vocabularies)
        return self

    def words(self, documents: Documents) -> sparse.csr_matrix:
        """The lexical view (n, terms), of no column where words are not counted."""
        if self.lexical_ is None:
            return no_columns(len(documents))
        return self.lexical_.transform(documents.terms)

    @property
    def terms(self) -> list[str]:
        """The words that are counted, one a column."""
        return [] if self.lexical_ is None else self.lexical_.terms_

    @property
    def width(self) -> int:
        """Columns of both views."""
        return len(self.terms) + len(self.concepts_.columns_)

    def of_columns(self) -> NDArray[np.int64]:
        """The entity that each column of both views counts, -1 for those of words, (width,)."""
        return np.concatenate([np.full(len(self.terms), -1), self.concepts_.columns_])

    # Saved

    def arrays(self, prefix: str = "") -> dict[str, NDArray[Any]]:
        """What was learned but for `terms`."""
        view = self.concepts_
        arrays: dict[str, NDArray[Any]] = {
            "view.columns": view.columns_, "view.idf": view.idf_, "view.block": view.block_
        }  # fmt: skip
        if self.lexical_ is not None:
            arrays["lexical.idf"] = self.lexical_.idf_
        return {prefix + name: values for name, values in arrays.items()}

    @classmethod
    def restored(
        cls, arrays: Mapping[str, NDArray[Any]], terms: list[str] | None, prefix: str = ""
    ) -> Views:
        """What `arrays` and `terms` gave.

        Raises:
            KeyError, ValueError: something is missing, or of another size.
        """
        made = cls()
        if terms is not None:
            made.lexical_ = LexicalView()
            made.lexical_.terms_, made.lexical_.idf_ = terms, arrays[f"{prefix}lexical.idf"]
            if len(made.lexical_.idf_) != len(terms):
                raise ValueError("as many words as idf")
        view = made.concepts_ = ConceptView()
        view.columns_, view.idf_, view.block_ = (
            arrays[f"{prefix}view.{name}"] for name in ("columns", "idf", "block")
        )
        if not len(view.columns_) == len(view.idf_) == len(view.block_):
            raise ValueError("as many concepts as idf")
        return made
