import asyncio

import pytest

from gem_assets.llm.asking import AnswerError, ask
from gem_assets.llm.protocol import FailedError, RefusedError
from gem_assets.prompts.prompt import Prompt
from gem_assets.records.outcome import FailureReason
from gem_assets.records.provenance import Provenance
from gem_assets_tests.fakes import FailingLlm, ScriptedLlm

PROMPT = Prompt(name="filter_document", text="Is it? $text")


def parse(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise AnswerError("no number") from error


def run(llm):
    return asyncio.run(ask(llm, PROMPT, {"text": "a"}, parse, payload={"text": "a"}))


def test_a_readable_answer_takes_one_call():
    llm = ScriptedLlm({"filter_document": "7"})
    answer = run(llm)
    assert (answer.value, answer.provenance.recovered) == (7, False)
    assert llm.requests[0].messages[0].content == "Is it? a"
    assert [result for _, result in llm.parse_results] == ["ok"]


def test_an_unreadable_answer_gets_one_repair_turn_that_says_what_is_wrong():
    llm = ScriptedLlm({"filter_document": ["seven", "7"]})
    answer = run(llm)
    assert (answer.value, answer.provenance.recovered) == (7, True)
    assert len(answer.provenance.call_keys) == 2
    question, wrong, repair = llm.requests[1].messages
    assert (question.role, wrong.content, repair.role) == ("user", "seven", "user")
    assert "no number" in repair.content
    assert [result for _, result in llm.parse_results] == ["no number", "ok"]


def test_after_the_repair_turn_it_is_unparseable_and_both_calls_are_counted():
    with pytest.raises(RefusedError) as caught:
        run(ScriptedLlm({"filter_document": "seven"}))
    assert caught.value.kind == "unparseable"
    assert caught.value.provenance.input_tokens == 20


@pytest.mark.parametrize(
    "error",
    [
        FailedError(FailureReason.TIMEOUT, "slow", Provenance(input_tokens=3)),
        RefusedError("refused", "no", Provenance(input_tokens=3)),
    ],
)
def test_a_repair_turn_that_goes_wrong_still_counts_the_first_call(error):
    with pytest.raises(type(error)) as caught:
        run(ScriptedLlm({"filter_document": ["seven", error]}))
    assert caught.value.provenance.input_tokens == 13
    assert caught.value.provenance.call_keys == ("call-1",)


def test_a_model_that_fails_or_is_scripted_to_fail_is_heard():
    with pytest.raises(FailedError):
        run(FailingLlm())
    with pytest.raises(FailedError):
        run(ScriptedLlm({"filter_document": FailedError(FailureReason.TIMEOUT, "slow")}))
