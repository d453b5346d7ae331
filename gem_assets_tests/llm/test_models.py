import asyncio
import subprocess
import sys

import pytest

from gem_assets.llm.configuration import read_models
from gem_assets.llm.models import open_models
from gem_assets.llm.roles import ConfigurationError
from gem_assets_tests.llm.rig import opened, request, rows
from gem_assets_tests.stub_server import StubServer


def test_nothing_set_opens_the_offline_generator_and_no_journal(tmp_path):
    async def run():
        async with open_models(read_models({}), tmp_path, "run-1") as models:
            assert not (models.filter.is_model or models.teacher.is_model or models.judge.is_model)
            with pytest.raises(ConfigurationError, match="GEM_SYNTHESIZER_MODEL"):
                models.for_role("synthesizer")

    asyncio.run(run())
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_setting_of_any_role_shows_before_anything_is_opened(tmp_path):
    async def run():
        async with open_models(read_models({"GEM_JUDGE_TOP_P": "2"}), tmp_path, "run-1"):
            pass

    with pytest.raises(ConfigurationError, match="GEM_JUDGE_TOP_P"):
        asyncio.run(run())


def test_roles_share_one_journal_which_knows_the_run(tmp_path):
    async def run(server):
        async with opened(
            server, tmp_path, GEM_SYNTHESIZER_MODEL="s", GEM_SYNTHESIZER_BASE_URL=server.url
        ) as models:
            await models.filter.complete(request("a"))
            await models.for_role("teacher").complete(request("b", task="extract_workflows"))
            await models.for_role("synthesizer").complete(request("c", task="synthesize_trajectory"))
            assert models.for_role("teacher") is models.teacher

    with StubServer(lambda _: "hello") as server:
        asyncio.run(run(server))
    assert rows(tmp_path, "role, run_id") == [
        ("filter", "run-1"),
        ("teacher", "run-1"),
        ("synthesizer", "run-1"),
    ]


def test_two_loops_one_after_the_other_in_one_process(tmp_path):
    async def run(server, text):
        async with opened(server, tmp_path) as models:
            return (await models.filter.complete(request(text))).text

    with StubServer(lambda asked: asked["messages"][0]["content"].upper()) as server:
        assert [asyncio.run(run(server, text)) for text in ("a", "b", "a")] == ["A", "B", "A"]
        assert len(server.requests) == 2


def test_two_roles_with_the_same_question_at_the_same_time_buy_one_answer(tmp_path):
    async def run(server):
        async with opened(server, tmp_path) as models:
            asking = (
                role.complete(request("same")) for role in (models.filter, models.teacher, models.judge)
            )
            return [completion.text for completion in await asyncio.gather(*asking)]

    with StubServer(lambda _: "hello", latency=0.1) as server:
        assert asyncio.run(run(server)) == ["hello"] * 3
        assert len(server.requests) == 1
    assert rows(tmp_path) == [("done",)]


def test_a_process_that_opened_litellm_ends_without_a_word():
    program = "import duckdb; from gem_assets.llm.provider import load_litellm; load_litellm()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
