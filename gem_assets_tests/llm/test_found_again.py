import asyncio
from pathlib import Path

from gem_assets_tests.llm.rig import ask, opened, request, rows
from gem_assets_tests.stub_server import (
    Answer,
    Reply,
    StubServer,
)


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
