"""Models that answer from a script, for tests of everything above the seam."""

from collections.abc import Callable, Mapping, Sequence

from gem_assets.llm.protocol import Completion, FailedError, LlmError, Request
from gem_assets.llm.sampling import Sampling
from gem_assets.records.outcome import FailureReason
from gem_assets.records.provenance import Provenance

Script = Callable[[Request], str] | Mapping[str, str | LlmError | Sequence[str | LlmError]]


class ScriptedLlm:
    """Answers by task name, or by a function of the request, and remembers what it was asked.

    A sequence gives one answer after another, the last one for ever; an error in place of an answer is
    raised. A task that the script does not hold is an AssertionError.
    """

    def __init__(self, script: Script, *, identity: str = "scripted", is_model: bool = True) -> None:
        self.requests: list[Request] = []
        self.parse_results: list[tuple[Request, str]] = []
        self._script = script
        self._identity = identity
        self._is_model = is_model
        self._asked: dict[str, Request] = {}

    def identity_for(self, sampling: Sampling) -> str:
        return self._identity

    @property
    def is_model(self) -> bool:
        return self._is_model

    @property
    def tasks(self) -> list[str]:
        """The tasks it was asked, in order."""
        return [request.task for request in self.requests]

    async def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        answer = self._answer(request)
        if isinstance(answer, LlmError):
            raise answer
        key = f"call-{len(self.requests)}"
        self._asked[key] = request
        provenance = Provenance(
            prompt_version=request.prompt_version,
            model=self._identity,
            generator="model",
            call_keys=(key,),
            input_tokens=10,
            output_tokens=5,
            cost=0.001,
            seconds=0.01,
        )
        return Completion(text=answer, finish_reason="stop", provenance=provenance)

    async def record_parse(self, completion: Completion, result: str) -> None:
        self.parse_results.append((self._asked[completion.provenance.call_keys[0]], result))

    def _answer(self, request: Request) -> str | LlmError:
        if not isinstance(self._script, Mapping):
            return self._script(request)
        if request.task not in self._script:
            raise AssertionError(f"nothing scripted for {request.task}")
        answers = self._script[request.task]
        if isinstance(answers, (str, LlmError)):
            return answers
        nth = sum(earlier.task == request.task for earlier in self.requests)
        return answers[min(nth, len(answers)) - 1]


class FailingLlm:
    """Raises the same error whatever it is asked."""

    def __init__(self, error: LlmError | None = None, *, identity: str = "failing") -> None:
        self.requests: list[Request] = []
        self._error = error
        self._identity = identity

    def identity_for(self, sampling: Sampling) -> str:
        return self._identity

    @property
    def is_model(self) -> bool:
        return True

    async def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        raise self._error or FailedError(FailureReason.CONNECTION, "the fake server is down")

    async def record_parse(self, completion: Completion, result: str) -> None:
        raise AssertionError("a model that never answers has nothing parsed")
