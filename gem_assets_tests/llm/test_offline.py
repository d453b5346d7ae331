import asyncio
import sys
from types import ModuleType

import pytest

from gem_assets.llm.offline import OfflineLlm
from gem_assets.llm.protocol import RefusedError, StopRunError
from gem_assets.llm.sampling import OTHER_SAMPLING
from gem_assets_tests.llm.rig import request


class FakeUnsupportedLanguageError(Exception):
    def __init__(self, language):
        super().__init__(language)
        self.language = language


@pytest.fixture
def generator(monkeypatch):
    module = ModuleType("gem_assets.offline.procedural")

    def answer(task, payload):
        if payload["text"] == "これ":
            raise FakeUnsupportedLanguageError("ja")
        return f"{task}: {payload['text']}"

    module.__dict__.update(
        answer=answer,
        ANSWERS={"filter_document": answer},
        UnsupportedLanguageError=FakeUnsupportedLanguageError,
    )
    monkeypatch.setitem(sys.modules, "gem_assets.offline.procedural", module)


def test_answers_from_the_payload_and_says_who_it_is(generator):
    llm = OfflineLlm()
    completion = asyncio.run(llm.complete(request(payload={"text": "hello"})))
    asyncio.run(llm.record_parse(completion, "ok"))
    assert completion.text == "filter_document: hello"
    provenance = completion.provenance
    assert (provenance.model, provenance.generator) == ("offline/procedural", "offline/procedural")
    assert (provenance.cost, provenance.call_keys) == (0.0, ())
    assert (llm.is_model, llm.identity_for(OTHER_SAMPLING)) == (False, "offline/procedural")


def test_a_language_it_does_not_read_is_refused_by_name(generator):
    with pytest.raises(RefusedError, match="language ja is not read by offline/procedural") as caught:
        asyncio.run(OfflineLlm().complete(request(payload={"text": "これ"})))
    assert caught.value.kind == "refused"
    assert caught.value.provenance.generator == "offline/procedural"


def test_a_prompt_it_does_not_know_stops_the_run_with_what_to_set(generator):
    with pytest.raises(StopRunError, match="does not answer the prompt greet_user: set GEM_MODEL"):
        asyncio.run(OfflineLlm().complete(request(task="greet_user", payload={"text": "hello"})))
