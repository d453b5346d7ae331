"""A policy that runs in a process of the trainer's environment and is asked through a pipe.

The search stays in this process: it is the same code, and gives the same trees, whoever answers. Does not
belong here: the model (`training/scripts/policy.py`).
"""

import json
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from gem_assets.itool.search.policy import Completion, PolicyError, Token
from gem_assets.training.trainer import Trainer, clean

GRACE_SECONDS = 20


class PipedPolicy:
    """Starts the process on entry and ends it on exit; what it prints besides goes to `log`."""

    def __init__(
        self,
        trainer: Trainer,
        model: Path,
        name: str,
        log: Path,
        environment: Mapping[str, str],
        *,
        precision: str = "fp32",
        threads: int = 1,
    ) -> None:
        self.context = 0
        self._name = name
        self._log = log
        arguments = [str(model), "--precision", precision, "--threads", str(threads)]
        self._command = trainer.command("policy", arguments)
        self._environment = clean(environment)
        self._process: subprocess.Popen[str] | None = None
        self._turn = threading.Lock()

    @property
    def identity(self) -> str:
        """The name the model goes by."""
        return self._name

    def __enter__(self) -> Self:
        """Start the process and wait until it has loaded the model."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env=self._environment,
            )
        self.context = self._read()["context"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process: it stops by itself when nobody can ask any more."""
        process, self._process = self._process, None
        if process is None:
            return
        _pipe(process.stdin).close()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _pipe(process.stdout).close()

    def sample(
        self, prompt: str, *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[Completion]:
        """Continue a prompt."""
        given = {"prompt": prompt, "n": n, "max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        return [
            Completion(
                made["text"],
                tuple(Token(start, score) for start, score in made["tokens"]),
                made["finished"],
            )
            for made in self._ask("sample", given)["completions"]
        ]

    def score(self, prompt: str, completions: Sequence[str]) -> list[list[Token]]:
        """Score continuations."""
        scored = self._ask("score", {"prompt": prompt, "completions": list(completions)})["scores"]
        return [[Token(start, score) for start, score in tokens] for tokens in scored]

    def _ask(self, ask: str, given: Mapping[str, Any]) -> dict[str, Any]:
        with self._turn:
            if self._process is None:
                raise PolicyError(f"the policy {self._name} is not running")
            try:
                print(json.dumps({"ask": ask, "given": given}), file=_pipe(self._process.stdin), flush=True)
            except OSError as error:
                raise self._gone() from error
            return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process is not None
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise self._gone()
        answer = json.loads(line)
        if "refused" in answer:
            raise PolicyError(answer["refused"])
        return answer

    def _gone(self) -> PolicyError:
        return PolicyError(f"the process of the policy {self._name} has ended: {self._log} says why")


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
