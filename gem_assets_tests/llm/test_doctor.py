import asyncio

from gem_assets.llm.configuration import read_models
from gem_assets.llm.doctor import RoleReport, examine
from gem_assets_tests.llm.rig import KEY
from gem_assets_tests.stub_server import HANG, Answer, StubServer, error, unsupported_parameter

YES = '{"answer": "yes"}'


def reports(
    answer: Answer, longest_seconds: float = 60, **variables: str
) -> tuple[dict[str, RoleReport], StubServer]:
    with StubServer(answer, context_size=32768) as server:
        environment = {"GEM_MODEL": "stub-model", "GEM_BASE_URL": server.url, "GEM_API_KEY": KEY, **variables}
        found = asyncio.run(examine(read_models(environment), longest_seconds))
    return {report.role: report for report in found}, server


def test_offline_roles_need_nothing_and_unset_ones_say_what_to_set():
    found = {report.role: report for report in asyncio.run(examine(read_models({})))}
    assert {role: report.ok for role, report in found.items()} == dict.fromkeys(found)
    assert "no key" in found["filter"].note
    assert "GEM_POLICY_MODEL" in found["policy"].note


def test_asks_each_role_once_and_reports_what_it_learned():
    found, server = reports(lambda _: YES, GEM_JUDGE_MODEL="openai/gpt-4o")
    assert len(server.requests) == 3
    judge, teacher = found["judge"], found["teacher"]
    assert (judge.ok, judge.answers_json_schema) == (True, True)
    assert (judge.input_price, judge.output_price, judge.context_size) == (2.5, 10.0, 128000)
    assert (teacher.model, teacher.base_url) == ("hosted_vllm/stub-model", server.url)
    assert (teacher.input_price, teacher.context_size) == (None, 32768)
    assert teacher.latency_seconds is not None


def test_says_which_parameters_a_model_does_not_take():
    def answer(asked):
        refused = next((name for name in ("temperature", "response_format") if name in asked), None)
        return unsupported_parameter(refused) if refused else "yes"

    found, _ = reports(answer)
    assert (found["filter"].ok, found["filter"].answers_json_schema) == (True, False)
    assert found["filter"].note == "does not take temperature"


def test_an_answer_beside_the_schema_is_no_json_support():
    found, _ = reports(lambda _: "Yes!")
    assert (found["filter"].ok, found["filter"].answers_json_schema) == (True, False)


def test_what_is_wrong_is_said_with_the_variable_and_without_the_key():
    found, _ = reports(lambda _: error(401, f"bad key {KEY}"), GEM_TEACHER_TOP_P="7", GEM_JUDGE_BASE_URL="x")
    assert "GEM_API_KEY" in found["filter"].note
    assert KEY not in repr(found)
    assert found["teacher"].ok is False
    assert "GEM_TEACHER_TOP_P" in found["teacher"].note
    assert "GEM_JUDGE_BASE_URL" in found["judge"].note


def test_a_model_that_does_not_answer_is_not_waited_for():
    found, _ = reports(lambda _: HANG, 0.5)
    assert (found["filter"].ok, found["filter"].note) == (False, "no answer within 0.5 s")
