"""A byte-level BPE tokenizer of one's own corpus (Sennrich et al. 2016; bytes: Radford et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kgml.errors import ArtifactError, UsageError

END = "<|endoftext|>"
"""Stands after each document, and before the first: of causal models."""
PAD, CLS, SEP, MASK = "[PAD]", "[CLS]", "[SEP]", "[MASK]"
"""Of masked models, whose documents end in ``[SEP]``."""
SPECIAL = {"causal": (END,), "masked": (PAD, CLS, SEP, MASK)}
SAMPLE = 200_000_000
"""Bytes of text that merges are learned from, the first ones."""
FILE = "tokenizer.json"


class Tokenizer:
    """Texts to numbers of tokens and back, without loss: each byte is a token.

    Args:
        model: a `tokenizers.Tokenizer`.
    """

    def __init__(self, model: Any, objective: str) -> None:
        self.model, self.objective = model, objective

    @classmethod
    def learn(cls, texts: Iterable[str], vocabulary: int, objective: str) -> Tokenizer:
        """Learn at most ``vocabulary`` tokens, special ones included, from ``texts``.

        Raises:
            UsageError: not even the 256 bytes fit.
        """
        from tokenizers import Tokenizer as Model
        from tokenizers import decoders, models, pre_tokenizers, trainers

        special = SPECIAL[objective]
        if vocabulary < 256 + len(special):
            raise UsageError(
                f"vocabulary {vocabulary}: wanted at least {256 + len(special)}, one for each byte "
                f"and {', '.join(special)}."
            )
        model = Model(models.BPE())
        model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        model.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary, special_tokens=list(special), show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        )  # fmt: skip
        model.train_from_iterator(_sample(texts), trainer)
        found = cls(model, objective)
        if objective == "masked":
            found._frame()
        return found

    @classmethod
    def load(cls, path: Path, objective: str) -> Tokenizer:
        """Read ``tokenizer.json``.

        Raises:
            ArtifactError: it is no tokenizer.
        """
        from tokenizers import Tokenizer as Model

        try:
            return cls(Model.from_str(path.read_text(encoding="utf-8")), objective)
        except (OSError, ValueError) as error:
            raise ArtifactError(f"{path}: no tokenizer ({error}). Make the model again.") from None

    def _frame(self) -> None:
        """Texts that are encoded stand between ``[CLS]`` and ``[SEP]``."""
        from tokenizers.processors import TemplateProcessing

        self.model.post_processor = TemplateProcessing(
            single=f"{CLS} $A {SEP}", pair=f"{CLS} $A {SEP} $B:1 {SEP}:1",
            special_tokens=[(CLS, self.number(CLS)), (SEP, self.number(SEP))],
        )  # fmt: skip

    def __len__(self) -> int:
        return int(self.model.get_vocab_size())

    def number(self, token: str) -> int:
        """Of a special token."""
        return int(self.model.token_to_id(token))

    @property
    def end(self) -> int:
        """The token that stands after each document."""
        return self.number(SPECIAL[self.objective][0] if self.objective == "causal" else SEP)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Numbers of each text, nothing before or after; what looks like a special token is text."""
        self.model.encode_special_tokens = True
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        return [one.ids for one in self.model.encode_batch_fast(clean, add_special_tokens=False)]

    def decode(self, numbers: Sequence[int]) -> str:
        """The text; bytes that are no UTF-8 become replacement characters."""
        return str(self.model.decode(list(numbers), skip_special_tokens=True))

    def to_json(self) -> str:
        """As ``tokenizer.json`` has it."""
        self.model.encode_special_tokens = False
        return str(self.model.to_str(pretty=True))

    def for_transformers(self, context: int) -> Any:
        """The same as transformers and sentence-transformers load it."""
        from transformers import PreTrainedTokenizerFast

        self.model.encode_special_tokens = False
        names = (
            {"bos_token": END, "eos_token": END}
            if self.objective == "causal"
            else {"pad_token": PAD, "cls_token": CLS, "sep_token": SEP, "mask_token": MASK}
        )
        kind: Any = PreTrainedTokenizerFast
        return kind(
            tokenizer_object=self.model, model_max_length=context,
            clean_up_tokenization_spaces=False, **names,
        )  # fmt: skip


def _sample(texts: Iterable[str]) -> Iterator[str]:
    left = SAMPLE
    for text in texts:
        if left <= 0:
            return
        left -= len(text)
        yield text.encode("utf-8", "replace").decode()
