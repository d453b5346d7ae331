"""Write text with a small model, token by token, and hold it to a grammar where one is given.

Runs in the trainer's environment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llguidance.hf
import torch
from llguidance import LLMatcher
from llguidance.torch import allocate_token_bitmask, fill_next_token_bitmask
from transformers import AutoModelForCausalLM, AutoTokenizer

from telling import RefusedError


@dataclass(frozen=True)
class Written:
    """An answer, and what it took."""

    text: str
    finish_reason: str
    """`stop`, or `length` where it was cut off."""
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Drawing:
    """How tokens are drawn."""

    max_tokens: int
    temperature: float = 0.7
    top_p: float = 0.95
    seed: int | None = None


class Writer:
    """A model with its tokenizer, and a grammar that everything it writes keeps."""

    def __init__(self, folder: Path, grammar: str | None) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        if self._tokenizer.chat_template is None:
            raise RefusedError(f"{folder} holds no chat template: serve a model that `gem train` made")
        self._model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.context = int(self._model.config.max_position_embeddings)
        self._grammar = None if grammar is None else LLMatcher.grammar_from_lark(grammar)
        self._guided = llguidance.hf.from_tokenizer(
            self._tokenizer,
            n_vocab=self._model.config.vocab_size,
            eos_token=self._tokenizer.eos_token_id,
        )
        if self._grammar is not None and (problem := self._matcher().get_error()):
            raise RefusedError(f"the grammar cannot be used: {problem}")

    def read(self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]) -> list[int]:
        """Write a chat as ids, up to where the assistant begins."""
        return self._tokenizer.apply_chat_template(
            list(messages), tools=list(tools) or None, add_generation_prompt=True, return_dict=True
        )["input_ids"]

    @torch.inference_mode()
    def write(self, prompt: Sequence[int], drawing: Drawing) -> Written:
        """Continue a prompt until its turn ends, the grammar ends, or the tokens are used up."""
        matcher = None if self._grammar is None else self._matcher()
        mask = allocate_token_bitmask(1, self._model.config.vocab_size)
        generator = torch.Generator()
        generator.manual_seed(drawing.seed) if drawing.seed is not None else generator.seed()
        end, written, cache = self._tokenizer.eos_token_id, list[int](), None
        given = torch.tensor([list(prompt)])
        for _ in range(min(drawing.max_tokens, self.context - len(prompt))):
            out = self._model(input_ids=given, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache, logits = out.past_key_values, out.logits[:, -1].float()
            if matcher is not None:
                fill_next_token_bitmask(matcher, mask, 0)
                logits[0, ~allowed(mask[0], logits.shape[-1])] = -torch.inf
            token = draw(logits[0], drawing, generator)
            if token == end:
                return self._told(prompt, written, "stop")
            written.append(token)
            if matcher is not None and not matcher.consume_token(token):
                raise RuntimeError(f"the grammar refuses what its own mask allows: {matcher.get_error()}")
            if matcher is not None and matcher.is_stopped():
                return self._told(prompt, written, "stop")
            given = torch.tensor([[token]])
        return self._told(prompt, written, "length")

    def _matcher(self) -> LLMatcher:
        return LLMatcher(self._guided, self._grammar or "")

    def _told(self, prompt: Sequence[int], written: list[int], reason: str) -> Written:
        text = self._tokenizer.decode(written, skip_special_tokens=True)
        return Written(text, reason, len(prompt), len(written))


def allowed(mask: torch.Tensor, tokens: int) -> torch.Tensor:
    """Unpack a mask of 32 tokens per number; the library's own way wants a C++ compiler."""
    bits = (mask.unsqueeze(-1) >> torch.arange(32, dtype=mask.dtype)) & 1
    return bits.flatten()[:tokens].bool()


def draw(logits: torch.Tensor, drawing: Drawing, generator: torch.Generator) -> int:
    """Draw a token from the likeliest that make up `top_p`; the likeliest at temperature 0."""
    if drawing.temperature == 0:
        return int(logits.argmax())
    shares, places = torch.softmax(logits / drawing.temperature, dim=-1).sort(descending=True)
    before = shares.cumsum(dim=-1) - shares
    shares[before >= drawing.top_p] = 0.0
    return int(places[torch.multinomial(shares, 1, generator=generator)])
