import asyncio

import pytest

from gem_assets.llm.protocol import RefusedError
from gem_assets.llm.sampling import Sampling
from gem_assets_tests.llm.rig import ask, in_turn, opened, request
from gem_assets_tests.stub_server import (
    Fault,
    Reply,
    StubServer,
    context_too_long,
    error,
    max_tokens_too_large,
    unsupported_parameter,
)


def test_every_answer_bought_is_counted(tmp_path):
    with StubServer(in_turn(Reply(""), Reply("hello", input_tokens=10, output_tokens=7))) as server:
        completion = ask(server, tmp_path)
    assert completion.text == "hello"
    assert (completion.provenance.input_tokens, completion.provenance.output_tokens) == (20, 12)


def test_an_answer_cut_off_is_asked_for_with_more_room(tmp_path):
    with StubServer(in_turn(Reply("<workfl", "length"), "whole")) as server:
        assert ask(server, tmp_path).text == "whole"
    assert [asked["max_tokens"] for asked in server.requests] == [4096, 20480]


def test_raising_the_limit_asks_again_for_what_was_cut_off_and_nothing_else(tmp_path):
    answers = {"long": Reply("<workfl", "length"), "short": Reply("whole")}
    with StubServer(lambda asked: answers[asked["messages"][0]["content"]]) as server:
        with pytest.raises(RefusedError):
            ask(server, tmp_path, "short", "long", GEM_MAX_TOKENS="100")
        answers["long"] = Reply("whole at last")
        assert ask(server, tmp_path, "short", "long", GEM_MAX_TOKENS="200").text == "whole at last"
    assert [(asked["messages"][0]["content"], asked["max_tokens"]) for asked in server.requests] == [
        ("short", 100),
        ("long", 100),
        ("long", 200),
    ]


def test_more_room_than_the_context_has_is_a_cut_off_answer_not_a_long_question(tmp_path):
    with StubServer(in_turn("first", Reply("<workfl", "length"), context_too_long())) as server:
        for _ in range(2):
            with pytest.raises(RefusedError) as caught:
                ask(server, tmp_path, "before", "question")
            assert caught.value.kind == "truncated"
    assert len(server.requests) == 3


def test_asks_for_fewer_tokens_when_the_model_allows_fewer(tmp_path):
    def answer(asked):
        return max_tokens_too_large(1000) if asked["max_tokens"] > 1000 else Reply("cut", "length")

    with StubServer(answer) as server:
        for _ in range(2):
            with pytest.raises(RefusedError) as caught:
                ask(server, tmp_path)
            assert caught.value.kind == "truncated"
    assert [asked["max_tokens"] for asked in server.requests] == [4096, 1000]


def uncounted(asked: dict, prompt: int, context: int) -> Fault:
    """Complain as vLLM does, which counts a prompt only as far as it would have fitted."""
    fitting = context - asked["max_tokens"]
    return error(
        400,
        f"You passed {min(prompt, fitting + 1)} input tokens and requested {asked['max_tokens']} output "
        f"tokens. However, the model's context length is only {context} tokens, resulting in a maximum input "
        f"length of {fitting} tokens. Please reduce the length of the input prompt.",
    )


@pytest.mark.parametrize(
    ("prompt", "asked_for"), [(6000, [20480, 10240]), (60000, [20480, 10240, 5120, 2560, 1280])]
)
def test_finds_the_room_by_halving_where_the_prompt_was_not_counted(tmp_path, prompt, asked_for):
    def answer(asked):
        fits = prompt + asked["max_tokens"] <= 24000
        return "hello" if fits else uncounted(asked, prompt, 24000)

    async def run(server):
        async with opened(server, tmp_path) as models:
            return await models.teacher.complete(
                request(task="extract_workflows", sampling=Sampling(temperature=0.2))
            )

    with StubServer(answer) as server:
        if prompt > 24000:
            with pytest.raises(RefusedError) as caught:
                asyncio.run(run(server))
            assert caught.value.kind == "too_long"
        else:
            assert asyncio.run(run(server)).text == "hello"
    assert [asked["max_tokens"] for asked in server.requests] == asked_for


@pytest.mark.parametrize("name", ["response_format", "temperature", "top_p"])
def test_leaves_out_what_the_model_does_not_take(tmp_path, name, caplog):
    def answer(asked):
        return unsupported_parameter(name) if name in asked else "hello"

    async def run(server):
        async with opened(server, tmp_path) as models:
            asking = [models.filter.complete(request(f"{n}", response_schema={})) for n in range(4)]
            return [*await asyncio.gather(*asking), await models.filter.complete(request("5th"))]

    with StubServer(answer) as server:
        assert [completion.text for completion in asyncio.run(run(server))] == ["hello"] * 5
    assert name not in server.requests[-1]
    assert len([record for record in caplog.records if name in record.getMessage()]) == 1


def test_calls_the_answer_length_by_its_later_name_where_that_is_wanted(tmp_path):
    def answer(asked):
        return unsupported_parameter("max_tokens") if "max_tokens" in asked else "hello"

    with StubServer(answer) as server:
        assert ask(server, tmp_path).text == "hello"
    assert server.requests[1]["max_completion_tokens"] == 4096
