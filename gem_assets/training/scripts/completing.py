"""Continue text with a model, and score given continuations: one code behind the pipe and the server.

Runs in the trainer's environment. Text goes in as it is: no chat template, no special tokens added.
"""

from collections.abc import Sequence
from typing import Any

import torch

from telling import RefusedError

REPLACEMENT = "\ufffd"
"""What the half of a character decodes to."""


class Continuer:
    """A model with its tokenizer, on one device."""

    def __init__(self, folder: str, precision: str = "fp32") -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
            kind = torch.bfloat16 if precision == "bf16" else torch.float32
            self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=kind)
        except (OSError, ValueError) as error:
            raise RefusedError(f"{folder} holds no model that can be loaded: {str(error)[:200]}") from error
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model.to(self.device).eval()
        self.context = int(self.model.config.max_position_embeddings)

    @torch.inference_mode()
    def sample(
        self, prompt: str, *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[dict[str, Any]]:
        """Continue a prompt `n` times to the turn's end; log-probabilities are those at temperature 1."""
        ids = self._ids(prompt)
        room = min(max_tokens, self.context - ids.shape[1])
        if room < 1:
            return [{"text": "", "tokens": [], "finished": False}] * n
        torch.manual_seed(seed)
        drawn: dict[str, Any] = {"do_sample": False}
        if temperature > 0:
            drawn = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
        made = self.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=room,
            num_return_sequences=n if temperature > 0 else 1,
            eos_token_id=self.tokenizer.eos_token_id,
            pad_token_id=self.tokenizer.pad_token_id,
            return_dict_in_generate=True,
            output_logits=True,
            **drawn,
        )
        written = made.sequences[:, ids.shape[1] :].tolist()
        steps = torch.stack(made.logits).float().log_softmax(-1)
        found = [self._completion(row, steps[:, place]) for place, row in enumerate(written)]
        return found if temperature > 0 else found * n

    @torch.inference_mode()
    def score(self, prompt: str, completions: Sequence[str]) -> list[list[tuple[int, float]]]:
        """Give, for each completion, where in it each of its tokens begins, and its log-probability."""
        found = []
        for completion in completions:
            spans, scores = self.score_text(prompt + completion, len(prompt))
            starts = [begin - len(prompt) for begin, _ in spans]
            found.append(list(zip(starts, scores, strict=True)))
        return found

    @torch.inference_mode()
    def score_text(self, text: str, start: int) -> tuple[list[tuple[int, int]], list[float]]:
        """Give the spans of the tokens that begin at or after a character, and their log-probabilities."""
        made = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids, offsets = made["input_ids"], made["offset_mapping"]
        first = next((place for place, (begin, _) in enumerate(offsets) if begin >= start), len(ids))
        first = max(first, 1)
        if first >= len(ids):
            return [], []
        if len(ids) > self.context:
            raise RefusedError(f"a text has {len(ids)} tokens, and the model's context is {self.context}")
        tensor = torch.tensor([ids], device=self.device)
        logits = self.model(tensor, logits_to_keep=len(ids) - first + 1).logits[0, :-1]
        chosen = logits.float().log_softmax(-1).gather(1, tensor[0, first:, None])[:, 0]
        return offsets[first:], chosen.tolist()

    def _ids(self, prompt: str) -> Any:
        made = self.tokenizer(prompt, add_special_tokens=False, return_tensors="pt")
        return made["input_ids"].to(self.device)

    def _completion(self, row: list[int], steps: Any) -> dict[str, Any]:
        """Read one row of ids up to the end of the turn, with where in the text each token starts."""
        end = self.tokenizer.eos_token_id
        finished = end in row
        ids = row[: row.index(end)] if finished else row
        tokens = [
            [len(self._text(ids[:place])), float(steps[place, row[place]])] for place in range(len(ids))
        ]
        text = self._text(ids)
        if finished:
            tokens.append([len(text), float(steps[len(ids), end])])
        return {"text": text, "tokens": tokens, "finished": finished}

    def _text(self, ids: list[int]) -> str:
        # Half a character at the end is not there yet.
        text = self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text.rstrip(REPLACEMENT)
