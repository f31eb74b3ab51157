"""Text and knowledge side by side, every concept as counted."""

from __future__ import annotations

from kgml.fusion.base import Fusion


class ConcatFusion(Fusion):
    """``[text ; w * mean of the linked entities' vectors]``, one learned weight ``w``."""
