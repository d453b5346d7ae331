"""The procedural baseline generator behind the same seam as a model, for filter and teacher.

Does not belong here: the generator itself (`gem_assets/offline/`).
"""

import asyncio

from gem_assets.llm.protocol import Completion, RefusedError, Request, StopRunError
from gem_assets.llm.roles import OFFLINE_MODEL
from gem_assets.llm.sampling import Sampling
from gem_assets.records.provenance import Provenance


class OfflineLlm:
    """Implements `protocol.Llm` by a pure function of the payload: no key, no network, no journal."""

    def identity_for(self, sampling: Sampling) -> str:
        """Name the generator: it draws nothing."""
        return OFFLINE_MODEL

    @property
    def is_model(self) -> bool:
        """False: it cannot judge."""
        return False

    async def complete(self, request: Request) -> Completion:
        """Answer; raise RefusedError for a text in a language that the generator does not read."""
        # Imported here because its word lists take a while to load.
        from gem_assets.offline.procedural import ANSWERS, UnsupportedLanguageError, answer

        if request.task not in ANSWERS:
            raise StopRunError(
                f"{OFFLINE_MODEL} does not answer the prompt {request.task}: set GEM_MODEL to a model"
            )

        await asyncio.sleep(0)  # let others run: an answer takes about 10 ms, and a shard asks for many
        provenance = Provenance(
            prompt_version=request.prompt_version, model=OFFLINE_MODEL, generator=OFFLINE_MODEL, cost=0.0
        )
        try:
            text = answer(request.task, request.payload)
        except UnsupportedLanguageError as error:
            evidence = f"language {error.language} is not read by {OFFLINE_MODEL}"
            raise RefusedError("refused", evidence, provenance) from error
        return Completion(text=text, finish_reason="stop", provenance=provenance)

    async def record_parse(self, completion: Completion, result: str) -> None:
        """Do nothing: there is no journal to note it in."""
