import asyncio

import pytest

from gem_assets.llm.journal.calls import Bought, Question
from gem_assets.llm.journal.journal import Journal
from gem_assets.llm.money.budget import ALL, Budget, Cap, Crowded, Exhausted, read_caps
from gem_assets.llm.protocol import StopRunError
from gem_assets.llm.roles import ConfigurationError
from gem_assets_tests.llm.rig import claim, go, opened, request, rows, said, start
from gem_assets_tests.stub_server import Reply, StubServer

PRICES = {"GEM_INPUT_PRICE": "1", "GEM_OUTPUT_PRICE": "2"}


def test_reads_a_cap_over_everything_and_one_over_the_run():
    environment = {"GEM_MAX_COST": "12.50", "GEM_RUN_BUDGET": "2"}
    budget = read_caps(environment).budget("abc")
    assert budget.caps == (Cap(ALL, 12.5, "GEM_MAX_COST"), Cap("run abc", 2, "GEM_RUN_BUDGET"))
    assert (
        read_caps(environment | {"GEM_RUN_BUDGET_SCOPE": "tonight"}).budget("abc").caps[1].scope == "tonight"
    )
    assert read_caps({}).budget("abc").caps == ()


@pytest.mark.parametrize("value", ["a lot", "-1", "nan", "inf"])
def test_a_cap_that_is_no_amount_is_named(value):
    with pytest.raises(ConfigurationError, match="GEM_MAX_COST"):
        read_caps({"GEM_MAX_COST": value})


def test_what_is_reserved_counts_until_it_is_settled(tmp_path):
    budget = Budget("run a", (Cap(ALL, 1.0, "GEM_MAX_COST"),))
    journal = Journal(tmp_path / "journal.db", "a", budget)

    async def run():
        assert await journal.reserve("first", 0.6) is None
        assert await journal.reserve("second", 0.6) == Crowded(), "the first may turn out cheaper"
        question = Question("first", "t", "filter", "p", "m", None, 0)
        await claim(journal, question)
        await journal.commit(question, Bought({}, {}, "m", "stop", 1, 1, 1, 0.3, 1.0))
        assert await journal.reserve("second", 0.6) is None
        await journal.release("second")
        return await journal.reserve("third", 0.8)

    refused = asyncio.run(run())
    assert isinstance(refused, Exhausted)
    assert "$0.3000 spent + up to $0.8000 for the next call > GEM_MAX_COST=1" in refused.sentence
    journal.close()
    assert rows(tmp_path, "*", "reservations") == []


def ask_many(server, home, questions=8, **variables):
    async def run():
        async with opened(server, home, **variables) as models:
            asking = (models.filter.complete(request(f"{n}")) for n in range(questions))
            return await asyncio.gather(*asking, return_exceptions=True)

    return asyncio.run(run())


def test_stops_before_the_cap_and_keeps_what_was_bought(tmp_path):
    # An answer may cost 100 tokens x $2 and costs 50: $0.0001 and a little for the prompt.
    limits = {"GEM_MAX_TOKENS": "100", "GEM_MAX_COST": "0.00062", **PRICES}
    with StubServer(lambda _: Reply("hello", input_tokens=10, output_tokens=50)) as server:
        outcomes = ask_many(server, tmp_path, GEM_CONCURRENCY="4", **limits)
        stops = [outcome for outcome in outcomes if isinstance(outcome, StopRunError)]
        spent = sum(cost for (cost,) in rows(tmp_path, "cost"))
        assert 0 < len(server.requests) < 8
        assert len(stops) == 8 - len(server.requests)
        assert spent <= 0.00062
        assert [status for (status,) in rows(tmp_path)] == ["done"] * len(server.requests)


def test_a_price_that_is_not_known_makes_a_budget_impossible_and_says_what_to_set(tmp_path):
    with StubServer(lambda _: "hello") as server:
        (stop,) = ask_many(server, tmp_path, 1, GEM_MAX_COST="5")
        assert isinstance(stop, StopRunError)
        for name in ("GEM_MAX_COST", "GEM_INPUT_PRICE", "GEM_OUTPUT_PRICE", "hosted_vllm/stub-model"):
            assert name in str(stop)
        assert server.requests == []
        (answer,) = ask_many(server, tmp_path, 1, GEM_MAX_COST="5", GEM_INPUT_PRICE="0", GEM_OUTPUT_PRICE="0")
    assert answer.provenance.cost == 0


def test_a_run_has_a_budget_of_its_own(tmp_path):
    prices = {"GEM_MAX_TOKENS": "100", **PRICES}
    with StubServer(lambda _: Reply("hello", input_tokens=10, output_tokens=100)) as server:
        ask_many(server, tmp_path, 4, **prices)
        assert len(server.requests) == 4, "no cap"
        outcomes = ask_many(server, tmp_path, 8, GEM_RUN_BUDGET="0.0007", GEM_RUN_BUDGET_SCOPE="r2", **prices)
        assert isinstance(outcomes[-1], StopRunError)
        assert 4 < len(server.requests) < 8


def test_four_processes_together_stay_within_the_cap(tmp_path):
    limits = {"GEM_MAX_TOKENS": "100", "GEM_MAX_COST": "0.005", **PRICES}
    with StubServer(lambda _: Reply("hello", input_tokens=10, output_tokens=100), latency=0.02) as server:
        processes = [start(server, tmp_path, 40, 8, f"process {n},", **limits) for n in range(4)]
        go(*processes)
        outputs = [said(process)[-1] for process in processes]
    assert all(output.startswith("stopped: the budget is used up") for output in outputs)
    spent = sum(cost for (cost,) in rows(tmp_path, "cost"))
    assert len(server.requests) == len(rows(tmp_path))
    assert 0.004 < spent <= 0.005
