"""A policy behind a server with OpenAI's completions and log-probabilities, as vLLM has them.

Only text goes over the wire, and nothing is added to it. Does not belong here: starting a server (`serving`).
"""

import time
from collections.abc import Sequence
from typing import Any

import httpx

from gem_assets.itool.items.item import END
from gem_assets.itool.search.policy import Completion, PolicyError, Token

RETRIES = 4
FIRST_WAIT_SECONDS = 1.0


class ServedPolicy:
    """Asks a server. One client may be used by several threads."""

    def __init__(
        self, base_url: str, model: str, *, api_key: str | None = None, timeout_seconds: float = 600
    ) -> None:
        self.model = model
        self.base_url = base_url.rstrip("/")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(headers=headers, timeout=timeout_seconds)

    @property
    def identity(self) -> str:
        """The name under which the server has the model."""
        return self.model

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def check(self) -> None:
        """Make sure that the server has the expected model; raises PolicyError with what it has."""
        names = [str(model.get("id")) for model in self._get("/models").get("data", [])]
        if self.model not in names:
            raise PolicyError(
                f"the server at {self.base_url} has {', '.join(names) or 'no model'}, not {self.model}: "
                f"serve the round's model under that name"
            )

    def sample(
        self, prompt: str, *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[Completion]:
        """Continue a prompt."""
        asked = {"n": n, "max_tokens": max_tokens, "temperature": temperature, "seed": seed, "logprobs": 0}
        answer = self._ask(prompt, {**asked, "top_p": 1.0, "stop": [END]})
        choices = sorted(answer["choices"], key=lambda choice: choice["index"])
        return [_completion(choice) for choice in choices]

    def score(self, prompt: str, completions: Sequence[str]) -> list[list[Token]]:
        """Score continuations, each by one question that writes nothing."""
        return [self._score(prompt, completion) for completion in completions]

    def _score(self, prompt: str, completion: str) -> list[Token]:
        answer = self._ask(prompt + completion, {"max_tokens": 1, "temperature": 0, "prompt_logprobs": 0})
        entries = [next(iter(entry.values())) for entry in answer["choices"][0]["prompt_logprobs"][1:]]
        tokens, start = list[Token](), len(completion)
        # From the end on: only so is it known where the prompt ends, in tokens.
        for entry in reversed(entries):
            start -= len(entry["decoded_token"])
            if start < 0:
                break
            tokens.append(Token(start, entry["logprob"]))
        return tokens[::-1]

    def _ask(self, prompt: str, given: dict[str, Any]) -> dict[str, Any]:
        # The last three are vLLM's: bytes go in and come out as they are.
        plain = {
            "skip_special_tokens": False,
            "include_stop_str_in_output": False,
            "add_special_tokens": False,
        }
        return self._send("POST", "/completions", {"model": self.model, "prompt": prompt, **given, **plain})

    def _get(self, path: str) -> dict[str, Any]:
        return self._send("GET", path, None)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """Send with a few tries for what may pass: no connection, a busy or broken server."""
        said = ""
        for attempt in range(RETRIES):
            if attempt:
                time.sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            try:
                answer = self._client.request(method, f"{self.base_url}{path}", json=body)
            except httpx.TransportError as error:
                said = str(error) or type(error).__name__
                continue
            if answer.status_code < 400:
                return _read(answer, self.base_url)
            said = f"status {answer.status_code}: {answer.text[:200]}"
            if answer.status_code not in (408, 409, 425, 429) and answer.status_code < 500:
                break
        raise PolicyError(f"the policy's server at {self.base_url} does not answer ({said})")


def _read(answer: httpx.Response, base_url: str) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError as error:
        raise PolicyError(f"the server at {base_url} answers something else than JSON") from error
    if not isinstance(found, dict):
        raise PolicyError(f"the server at {base_url} answers something else than an object")
    return found


def _completion(choice: dict[str, Any]) -> Completion:
    text, finished = choice["text"], choice["finish_reason"] == "stop"
    if text.endswith(END):
        text, finished = text.removesuffix(END), True
    scores = choice.get("logprobs") or {}
    if "token_logprobs" not in scores or "text_offset" not in scores:
        raise PolicyError("the policy's server gives no log-probabilities: the search needs them")
    offsets = scores["text_offset"]
    first = offsets[0] if offsets else 0
    return Completion(
        text,
        tuple(
            Token(min(offset - first, len(text)), score)
            for offset, score in zip(offsets, scores["token_logprobs"], strict=True)
        ),
        finished,
    )
