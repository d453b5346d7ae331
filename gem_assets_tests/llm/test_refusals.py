import pytest

from gem_assets.llm.protocol import RefusedError
from gem_assets_tests.llm.rig import ask, in_turn, rows
from gem_assets_tests.stub_server import (
    FILTERED,
    NO_CHOICES,
    Answer,
    Reply,
    StubServer,
    context_too_long,
    error,
)


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
