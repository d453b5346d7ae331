import asyncio

import pytest

from gem_assets.llm.protocol import StopRunError
from gem_assets_tests.llm.rig import KEY, ask, in_turn, opened, request, rows
from gem_assets_tests.stub_server import (
    Fault,
    StubServer,
    error,
    html_page,
    quota_exhausted,
)


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
