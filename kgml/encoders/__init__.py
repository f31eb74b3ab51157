"""Texts and entities become vectors. Imports only ``kgml.kg`` and the leaves."""
