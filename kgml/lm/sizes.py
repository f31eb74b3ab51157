"""How large a language model is: by name, by a number of parameters, or part by part."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from kgml.config import PretrainConfig
from kgml.errors import UsageError


@dataclass(frozen=True)
class Shape:
    """``depth`` layers of ``width`` numbers in ``heads`` heads, ``vocabulary`` tokens, of which
    ``context`` are read at once."""

    depth: int
    width: int
    heads: int
    vocabulary: int
    context: int


SIZES = {
    "micro": Shape(4, 128, 4, 2_048, 256),
    "mini": Shape(6, 256, 4, 4_096, 512),
    "small": Shape(8, 512, 8, 8_192, 512),
    "medium": Shape(12, 768, 12, 32_768, 1_024),
    "large": Shape(24, 1_024, 16, 32_768, 1_024),
    "xl": Shape(24, 2_048, 32, 32_768, 2_048),
}
WIDTHS = (*range(16, 256, 16), *range(256, 1_024, 32), *range(1_024, 8_193, 128))
PER_LAYER = 48
"""Numbers of width for each layer of depth, about."""


def inner_width(shape: Shape, architecture: str) -> int:
    """Width within the feed-forward part: llama has three matrices there, the others two."""
    return 8 * round(shape.width / 3) if architecture == "llama" else 4 * shape.width


def count_parameters(shape: Shape, architecture: str) -> int:
    """Parameters of the network, the table of tokens once though it is used at both ends.

    >>> count_parameters(SIZES["micro"], "llama")
    1053824
    """
    w, v, c = shape.width, shape.vocabulary, shape.context
    if architecture == "llama":
        return shape.depth * (4 * w * w + 3 * w * inner_width(shape, architecture) + 2 * w) + (
            v * w + w
        )
    layers = shape.depth * (12 * w * w + 13 * w)
    if architecture == "gpt2":
        return layers + v * w + c * w + 2 * w
    return layers + v * w + c * w + 4 * w + w * w + 3 * w + v


def flops_per_token(shape: Shape, architecture: str) -> float:
    """Of a training step, forth and back: 6 for each parameter, and attention (PaLM, appendix B)."""
    return 6.0 * count_parameters(shape, architecture) + (
        12.0 * shape.depth * shape.width * shape.context
    )


def shape_of(options: PretrainConfig, vocabulary: int | None = None) -> Shape:
    """The shape that is asked for.

    Args:
        vocabulary: what the tokenizer has, where that is known.

    Raises:
        UsageError: a width that does not fall into its heads.
    """
    if options.parameters is None:
        shape = SIZES[options.size]
    else:
        shape = nearest(options.parameters, options.network)
    given = {
        name: value for name in ("depth", "width", "heads", "vocabulary", "context")
        if (value := getattr(options, name)) is not None
    }  # fmt: skip
    if "width" in given and "heads" not in given:
        given["heads"] = heads_of(given["width"])
    shape = replace(shape, **given)
    if vocabulary is not None:
        shape = replace(shape, vocabulary=vocabulary)
    if shape.width % shape.heads or (shape.width // shape.heads) % 2:
        raise UsageError(
            f"width {shape.width} in {shape.heads} heads: each head wants the same even number. "
            f"Choose heads {heads_of(shape.width)}, or another width."
        )
    return shape


def heads_of(width: int) -> int:
    """As many heads of about 64 numbers (32 in narrow networks) as ``width`` falls into.

    >>> heads_of(128), heads_of(768), heads_of(48)
    (4, 12, 2)
    """
    wanted = max(1, round(width / (32 if width < 256 else 64)))
    fits = [h for h in range(1, width // 2 + 1) if width % (2 * h) == 0]
    return min(fits or [1], key=lambda h: (abs(h - wanted), h))


def nearest(parameters: int, architecture: str) -> Shape:
    """The shape of about so many parameters, as deep as the named sizes are.

    >>> shape = nearest(3_000_000, "llama")
    >>> abs(count_parameters(shape, "llama") / 3_000_000 - 1) < 0.05
    True
    """
    found = [
        Shape(depth, width, heads_of(width), _vocabulary(width), _context(width))
        for width in WIDTHS
        for depth in _depths(width)
    ]

    def far(shape: Shape) -> float:
        missed = abs(math.log(count_parameters(shape, architecture) / parameters))
        return missed + 0.02 * abs(math.log(shape.depth * PER_LAYER / shape.width))

    return min(found, key=far)


def _depths(width: int) -> range:
    usual = width / PER_LAYER
    return range(max(1, math.floor(usual * 0.7)), max(2, math.ceil(usual * 1.5)) + 1)


def _vocabulary(width: int) -> int:
    return min(32_768, max(512, 1 << round(math.log2(16 * width))))


def _context(width: int) -> int:
    return min(2_048, max(64, 1 << round(math.log2(1.5 * width))))
