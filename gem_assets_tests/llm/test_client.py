import asyncio
import traceback

import pytest

from gem_assets.llm.protocol import FailedError, StopRunError
from gem_assets_tests.llm.rig import KEY, ask, in_turn, opened, request
from gem_assets_tests.stub_server import (
    TRUNCATED,
    Reply,
    StubServer,
    error,
)


def test_answers_with_text_and_provenance(tmp_path):
    with StubServer(lambda _: Reply("hello", model="stub-model-2025")) as server:
        completion = ask(server, tmp_path)
    assert (completion.text, completion.reasoning, completion.finish_reason) == ("hello", None, "stop")
    provenance = completion.provenance
    assert (provenance.model, provenance.generator) == ("stub-model-2025", "model")
    assert (provenance.input_tokens, provenance.output_tokens, provenance.cost) == (10, 5, None)
    assert provenance.prompt_version == "filter_document@0"
    assert len(provenance.call_keys) == 1


def test_sends_sampling_schema_and_key(tmp_path):
    async def run(server):
        async with opened(server, tmp_path, GEM_JUDGE_TEMPERATURE="0.05") as models:
            judging = request(task="judge_trajectory", response_schema={"type": "object"})
            await models.judge.complete(judging)

    with StubServer(lambda _: "{}") as server:
        asyncio.run(run(server))
    sent = server.requests[0]
    assert (sent["model"], sent["temperature"], sent["top_p"]) == ("stub-model", 0.05, 0.95)
    assert sent["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "reply",
    [
        Reply("the answer", reasoning="let me see"),
        Reply("<think>let me see</think>\n\nthe answer"),
        Reply("let me see</think>the answer"),
    ],
)
def test_keeps_reasoning_out_of_the_text(tmp_path, reply):
    with StubServer(lambda _: reply) as server:
        completion = ask(server, tmp_path)
    assert (completion.text, completion.reasoning) == ("the answer", "let me see")


def test_takes_the_price_from_the_table_where_the_model_is_in_it(tmp_path):
    with StubServer(lambda _: "hello") as server:
        completion = ask(server, tmp_path, GEM_MODEL="openai/gpt-4o")
    assert completion.provenance.cost == pytest.approx(10 * 2.5e-6 + 5 * 10e-6)


@pytest.mark.parametrize("model", ["stub-model", "openai/stub-model"])
def test_the_key_shows_nowhere(tmp_path, caplog, capfd, model):
    caplog.set_level(0)
    answers = in_turn("hello", error(500, f"cannot use {KEY}"), error(401, f"bad key {KEY}"))
    with StubServer(answers) as server, pytest.raises(StopRunError) as caught:
        ask(server, tmp_path, "before", "question", GEM_MODEL=model)
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    shown = caplog.text + "".join(capfd.readouterr())
    assert KEY not in said + shown
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_reasoning_effort_is_sent_and_is_part_of_the_question(tmp_path):
    with StubServer(lambda _: "hello") as server:
        ask(server, tmp_path)
        ask(server, tmp_path, GEM_REASONING_EFFORT="low")
    assert [asked.get("reasoning_effort") for asked in server.requests] == [None, "low"]


def test_a_price_of_ones_own_is_the_price(tmp_path):
    with StubServer(lambda _: Reply("hello", input_tokens=1000, output_tokens=100)) as server:
        prices = {"GEM_INPUT_PRICE": "2", "GEM_OUTPUT_PRICE": "10"}
        assert ask(server, tmp_path, GEM_MODEL="openai/gpt-4o", **prices).provenance.cost == 0.003


def test_a_failure_still_says_what_its_answers_cost(tmp_path):
    answers = in_turn(Reply("", input_tokens=7), TRUNCATED)
    with StubServer(answers) as server, pytest.raises(FailedError) as caught:
        ask(server, tmp_path)
    assert caught.value.provenance.input_tokens == 7
    assert len(caught.value.provenance.call_keys) == 1
