import asyncio
import traceback
from pathlib import Path

import pytest

from gem_assets.llm.protocol import FailedError, RefusedError, StopRunError
from gem_assets_tests.llm.rig import KEY, FakeTime, in_turn, opened, request, rows
from gem_assets_tests.stub_server import (
    FILTERED,
    HANG,
    NO_CHOICES,
    RESET,
    TRUNCATED,
    Answer,
    Fault,
    Reply,
    StubServer,
    context_too_long,
    drip,
    error,
    error_in_success,
    html_page,
    max_tokens_too_large,
    quota_exhausted,
    rate_limited,
    unsupported_parameter,
)


def ask(server: StubServer, home: Path, *texts: str, time: FakeTime | None = None, **variables: str):
    """Ask in order within one run; returns the last completion or raises what it raised."""

    async def run():
        async with opened(server, home, time, None, **variables) as models:
            for text in texts[:-1]:
                await models.filter.complete(request(text))
            return await models.filter.complete(request(texts[-1] if texts else "a question"))

    return asyncio.run(run())


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


@pytest.mark.parametrize(
    "fault",
    [
        error(500, "boom"),
        error(503, "overloaded"),
        html_page(502),
        error(529, "overloaded"),
        error_in_success(),
        RESET,
        TRUNCATED,
        rate_limited(),
        rate_limited("3"),
    ],
)
def test_asks_again_after_a_passing_fault(tmp_path, fault):
    time = FakeTime()
    with StubServer(in_turn("first", fault, "hello")) as server:
        assert ask(server, tmp_path, "before", "question", time=time).text == "hello"
    # litellm itself repeats once, unasked, when a connection breaks.
    assert len(server.requests) == 3
    assert sum(time.slept) == pytest.approx(3 if fault == rate_limited("3") else 0 if fault is RESET else 1)


def test_pauses_grow_and_end(tmp_path):
    time = FakeTime()
    with StubServer(lambda _: error(500, "boom")) as server, pytest.raises(FailedError) as caught:
        ask(server, tmp_path, time=time)
    assert caught.value.reason == "server_error"
    assert time.slept == [1, 2, 4, 8, 16, 32]
    assert len(server.requests) == 7
    assert rows(tmp_path) == [], "a failure is not remembered"


def test_a_rate_limit_holds_back_every_call_of_the_role(tmp_path):
    time = FakeTime()
    answers = in_turn("first", rate_limited("30"), "hello")

    async def run(server):
        async with opened(server, tmp_path, time, GEM_CONCURRENCY="1") as models:
            return await asyncio.gather(*(models.filter.complete(request(f"{n}")) for n in range(3)))

    with StubServer(answers) as server:
        asyncio.run(run(server))
    assert time.slept == [30]


def test_gives_up_on_a_rate_limit_that_never_ends(tmp_path):
    with StubServer(lambda _: rate_limited("1")) as server, pytest.raises(FailedError) as caught:
        ask(server, tmp_path)
    assert caught.value.reason == "rate_limited"
    assert len(server.requests) == 21


def test_does_not_wait_for_hours(tmp_path):
    with StubServer(lambda _: rate_limited("40000")) as server, pytest.raises(FailedError, match="40000 s"):
        ask(server, tmp_path)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [HANG, drip(0.02)])
def test_cuts_an_answer_that_does_not_come_and_asks_once_more(tmp_path, fault):
    with StubServer(in_turn("first", fault)) as server, pytest.raises(FailedError) as caught:
        ask(server, tmp_path, "before", "question", GEM_TIMEOUT_SECONDS="0.4")
    assert caught.value.reason == "timeout"
    assert len(server.requests) == 3


def test_a_cut_body_is_asked_for_once_more_only(tmp_path):
    with StubServer(lambda _: TRUNCATED) as server, pytest.raises(FailedError) as caught:
        ask(server, tmp_path)
    assert caught.value.reason == "server_error"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (quota_exhausted(), "GEM_API_KEY"),
        (error(402, "payment required"), "GEM_API_KEY"),
        (error(401, f"bad key {KEY}", "invalid_api_key"), "GEM_API_KEY"),
        (error(403, "not allowed"), "GEM_API_KEY"),
        (error(404, "The model does not exist", "model_not_found"), "GEM_MODEL"),
        (html_page(), "GEM_BASE_URL"),
        (Fault("status", 200, "{}"), "GEM_BASE_URL"),
        (error(400, "weird"), "GEM_MODEL"),
    ],
)
def test_a_wrong_setting_stops_the_run_with_its_name(tmp_path, fault, named):
    with StubServer(lambda _: fault) as server, pytest.raises(StopRunError, match=named) as caught:
        ask(server, tmp_path)
    assert KEY not in str(caught.value)
    assert len(server.requests) == (2 if fault == error(400, "weird") else 1)
    assert rows(tmp_path) == []


def test_a_stop_names_the_variable_of_the_role(tmp_path):
    with (
        StubServer(lambda _: error(401, "no")) as server,
        pytest.raises(StopRunError, match="GEM_FILTER_API_KEY"),
    ):
        ask(server, tmp_path, GEM_FILTER_API_KEY="another-key-0123456789")


def test_asks_nothing_more_once_stopped_but_still_reads_the_journal(tmp_path):
    async def run(server):
        async with opened(server, tmp_path) as models:
            await models.filter.complete(request("bought"))
            with pytest.raises(StopRunError):
                await models.filter.complete(request("refused"))
            with pytest.raises(StopRunError):
                await models.filter.complete(request("not sent"))
            assert (await models.filter.complete(request("bought"))).text == "hello"

    with StubServer(in_turn("hello", error(401, "no"))) as server:
        asyncio.run(run(server))
    assert server.prompts == ["bought", "refused"]


def test_a_page_instead_of_an_answer_is_retried_once_the_server_was_known(tmp_path):
    with StubServer(in_turn("first", html_page(), "hello")) as server:
        assert ask(server, tmp_path, "before", "question").text == "hello"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (context_too_long(), "too_long"),
        (error(413, "too large"), "too_long"),
        (error(400, "weird"), "refused"),
        (error(400, "rejected", "content_policy_violation"), "refused"),
        (FILTERED, "refused"),
        (Reply(""), "empty"),
        (Reply(None), "empty"),
        (Reply("<think>never ends"), "empty"),
        (NO_CHOICES, "empty"),
        (Reply("<workfl", "length"), "truncated"),
    ],
)
def test_a_refusal_is_final_and_remembered(tmp_path, fault, kind):
    with StubServer(in_turn("first", fault)) as server:
        for _ in range(2):
            with pytest.raises(RefusedError) as caught:
                ask(server, tmp_path, "before", "question")
            assert caught.value.kind == kind
            assert caught.value.evidence
            assert len(caught.value.provenance.call_keys) == 1
    bought = 2 if kind in ("empty", "truncated") else 1
    assert server.prompts == ["before", *["question"] * bought]
    assert [status for (status,) in rows(tmp_path)] == ["done", "refused"]


def test_a_request_at_fault_is_told_from_a_setting_at_fault_even_in_the_first_call(tmp_path):
    def answer(asked):
        return error(400, "weird") if asked["messages"][0]["content"] == "odd" else "yes"

    with StubServer(answer) as server:
        with pytest.raises(RefusedError) as caught:
            ask(server, tmp_path, "odd")
        assert caught.value.kind == "refused"
        assert len(server.requests) == 2


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
            return await models.teacher.complete(request(task="extract_workflows"))

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


def test_a_server_that_is_not_there_stops_the_run(tmp_path):
    with StubServer(lambda _: "hello") as server:
        pass  # gone: nothing listens on its port any more

    async def run():
        async with opened(server, tmp_path) as models:
            asking = (models.filter.complete(request(f"{n}")) for n in range(12))
            return await asyncio.gather(*asking, return_exceptions=True)

    outcomes = asyncio.run(run())
    assert all(isinstance(outcome, StopRunError) for outcome in outcomes)
    assert "10 requests in a row" in str(outcomes[0])
    assert "GEM_BASE_URL" in str(outcomes[0])


def test_never_has_more_calls_in_flight_than_allowed(tmp_path):
    async def run(server):
        async with opened(server, tmp_path, GEM_CONCURRENCY="3") as models:
            await asyncio.gather(*(models.filter.complete(request(f"{n}")) for n in range(12)))

    with StubServer(lambda _: "hello", latency=0.05) as server:
        asyncio.run(run(server))
    assert server.max_in_flight == 3


def test_the_same_question_at_the_same_time_is_sent_once(tmp_path):
    async def run(server):
        async with opened(server, tmp_path) as models:
            return await asyncio.gather(*(models.filter.complete(request("same")) for _ in range(5)))

    with StubServer(lambda _: "hello", latency=0.05) as server:
        assert len(set(asyncio.run(run(server)))) == 1
    assert len(server.requests) == 1


def test_a_cancelled_caller_takes_the_answer_from_nobody_else(tmp_path):
    async def run(server):
        async with opened(server, tmp_path) as models:
            first = asyncio.create_task(models.filter.complete(request("same")))
            second = asyncio.create_task(models.filter.complete(request("same")))
            while not server.requests:
                await asyncio.sleep(0.01)
            first.cancel()
            return (await second).text

    with StubServer(lambda _: "hello", latency=0.1) as server:
        assert asyncio.run(run(server)) == "hello"
    assert len(server.requests) == 1


def test_a_cancelled_call_leaves_no_claim_behind(tmp_path):
    async def run(server):
        async with opened(server, tmp_path) as models:
            asking = asyncio.create_task(models.filter.complete(request()))
            while not server.requests:
                await asyncio.sleep(0.01)
            asking.cancel()

    with StubServer(lambda _: HANG) as server:
        asyncio.run(run(server))
    assert rows(tmp_path) == []


def count(answer: Answer, tmp_path: Path, *asked: dict, **variables: str) -> int:
    """Ask requests that differ as told, one run each; returns how many reached the servers."""
    hits = 0
    for fields in asked:
        with StubServer(answer) as server:

            async def run(server=server, fields=fields):
                async with opened(server, tmp_path, None, None, **variables) as models:
                    return await models.filter.complete(request(**fields))

            asyncio.run(run())
            hits += len(server.requests)
    return hits


def test_an_answer_is_found_again_under_another_address_and_prompt_version(tmp_path):
    assert count(lambda _: "hello", tmp_path, {}, {}, {"prompt_version": "filter_document@1"}) == 1


def test_another_sample_schema_or_text_is_another_question(tmp_path):
    assert count(lambda _: "hello", tmp_path, {}, {"sample": 1}, {"response_schema": {}}, {"text": "b"}) == 4


def test_another_temperature_is_another_question(tmp_path):
    assert count(lambda _: "hello", tmp_path, {}) == 1
    assert count(lambda _: "hello", tmp_path, {}, GEM_TEMPERATURE="0.9") == 1
    assert count(lambda _: "hello", tmp_path, {}, GEM_TIMEOUT_SECONDS="30") == 0


def test_an_answer_comes_out_of_the_journal_as_it_went_in(tmp_path):
    with StubServer(lambda _: Reply("<think>so</think>hello")) as server:
        assert ask(server, tmp_path) == ask(server, tmp_path)


def test_an_answer_that_could_not_be_read_is_read_again_for_nothing(tmp_path):
    async def run(server, result):
        async with opened(server, tmp_path) as models:
            await models.filter.record_parse(await models.filter.complete(request()), result)

    with StubServer(lambda _: "no tags") as server:
        asyncio.run(run(server, "no <multi_step>"))
        assert rows(tmp_path, "status, parse_result") == [("done", "no <multi_step>")]
        asyncio.run(run(server, "ok"))
        assert rows(tmp_path, "status, parse_result") == [("done", "ok")]
    assert len(server.requests) == 1


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


def too_long_for(model: str) -> Answer:
    return lambda asked: context_too_long() if asked["model"] == model else "from afar"


def test_a_prompt_too_long_goes_to_the_fallback_whose_name_is_recorded(tmp_path):
    with StubServer(too_long_for("stub-model")) as server:
        completion = ask(server, tmp_path, GEM_FALLBACK="larger-model")
    assert completion.text == "from afar"
    assert completion.provenance.model == "larger-model"
    assert [asked["model"] for asked in server.requests] == ["stub-model", "larger-model"]
    assert rows(tmp_path, "model, answered_by") == [("hosted_vllm/stub-model", "larger-model")]


def test_a_fallback_that_is_set_later_is_asked_what_was_refused_as_too_long(tmp_path):
    with StubServer(too_long_for("stub-model")) as server:
        with pytest.raises(RefusedError):
            ask(server, tmp_path)
        assert ask(server, tmp_path, GEM_FALLBACK="larger-model").text == "from afar"
        assert ask(server, tmp_path).text == "from afar", "an answer stays an answer without it"


def test_too_long_for_the_fallback_too_is_final(tmp_path):
    with StubServer(lambda _: context_too_long()) as server:
        for _ in range(2):
            with pytest.raises(RefusedError, match="too_long"):
                ask(server, tmp_path, GEM_FALLBACK="larger-model")
    assert len(server.requests) == 2


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


def test_an_answer_under_way_is_journaled_although_the_run_was_stopped(tmp_path):
    async def run(server):
        pace = FakeTime().pace(grace_seconds=20)
        async with opened(server, tmp_path, pace=pace, GEM_CONCURRENCY="2") as models:
            asking = [asyncio.create_task(models.filter.complete(request(f"{n}"))) for n in range(4)]
            while len(server.requests) < 2:
                await asyncio.sleep(0.01)
            for task in asking:
                task.cancel()

    with StubServer(lambda _: "hello", latency=0.3) as server:
        asyncio.run(run(server))
    assert len(server.requests) == 2, "what stood in line is not sent"
    assert [status for (status,) in rows(tmp_path)] == ["done", "done"]
