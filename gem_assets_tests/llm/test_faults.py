import pytest

from gem_assets.llm.answers import Reading
from gem_assets.llm.faults.allowance import Room
from gem_assets.llm.faults.faults import (
    Accept,
    AskAgain,
    Drop,
    Lower,
    Refuse,
    Retry,
    Stop,
    Symptom,
    classify,
    classify_answer,
)


def http(status: int, text: str = "", code: str = "", retry_after: float | None = None) -> Symptom:
    return Symptom("http", text, status, code, retry_after)


@pytest.mark.parametrize("status", [409, 425, 500, 501, 502, 503, 504, 529, None])
def test_a_server_in_trouble_is_asked_again(status):
    verdict = classify(http(status), first_call=True)
    assert isinstance(verdict, Retry)
    assert (verdict.reason, verdict.transport) == ("server_error", True)


def test_a_rate_limit_is_waited_out_and_is_no_sign_of_a_dead_server():
    verdict = classify(http(429, retry_after=7.0), first_call=False)
    assert isinstance(verdict, Retry)
    assert (verdict.reason, verdict.after_seconds, verdict.transport) == ("rate_limited", 7.0, False)


def test_an_exhausted_quota_is_no_rate_limit():
    assert isinstance(classify(http(429, code="insufficient_quota"), first_call=False), Stop)
    busy = http(429, "You exceeded your current quota, retry in 3 s", "RESOURCE_EXHAUSTED")
    assert isinstance(classify(busy, first_call=False), Retry)


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("Unsupported parameter: 'response_format' is not supported with this model.", "response_format"),
        ("litellm: o3 does not support parameters: ['top_p']", "top_p"),
        ("O-series models don't support temperature=0.2. Only temperature=1 is supported", "temperature"),
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens"),
    ],
)
def test_an_unsupported_parameter_is_dropped(text, parameter):
    assert classify(http(400, text), first_call=True) == Drop(parameter)
    assert isinstance(classify(http(400, text), first_call=False, adaptable=False), Refuse)


def test_too_little_room_for_the_answer_is_another_fault_than_too_long_a_prompt():
    fits = "max_tokens is too large: 20480. This model supports at most 16384 completion tokens"
    assert classify(http(400, fits), first_call=False) == Lower(Room(16384))
    long = (
        "This model's maximum context length is 4096 tokens. However, your messages resulted in 9001 tokens."
    )
    assert classify(http(400, long), first_call=False) == Refuse("too_long")


def test_a_bad_request_is_doubtful_first_and_the_requests_fault_later():
    first = classify(http(400, "weird"), first_call=True)
    assert isinstance(first, Stop)
    assert first.doubtful
    assert classify(http(400, "weird"), first_call=False) == Refuse("refused")


def test_moderation_is_a_refusal_whatever_its_status():
    assert classify(http(400, code="content_filter"), first_call=True) == Refuse("refused")
    assert classify(http(403, "flagged by moderation"), first_call=True) == Refuse("refused")


def judged(finish_reason="stop", text="hello", bought=1, allowance=100, ceiling=100, **parts):
    reading = Reading(has_choice=True, text=text, finish_reason=finish_reason, **parts)
    return classify_answer(reading, bought=bought, allowance=allowance, ceiling=ceiling)


def test_a_whole_answer_is_accepted():
    assert judged() == Accept()


def test_an_empty_answer_is_bought_twice_at_most():
    assert isinstance(judged(text=" \n"), AskAgain)
    assert judged(text="", bought=2) == Refuse("empty")


def test_a_cut_off_answer_is_bought_again_while_the_settings_allow_more():
    assert isinstance(judged("length", ceiling=200), AskAgain)
    assert judged("length") == Refuse("truncated")


def test_a_filtered_answer_and_a_models_refusal_are_refused():
    assert judged("content_filter") == Refuse("refused")
    assert judged(text="", refusal="I cannot help with that") == Refuse("refused")
