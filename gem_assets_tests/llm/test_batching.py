import asyncio
import sqlite3

import pytest

from gem_assets.llm.batch.batching import Batcher
from gem_assets.llm.protocol import FailedError, RefusedError, StopRunError
from gem_assets_tests.llm.rig import opened, request, rows
from gem_assets_tests.stub_server import Reply, StubServer, context_too_long

PRICES = {"GEM_BATCH_INPUT_PRICE": "1", "GEM_BATCH_OUTPUT_PRICE": "5"}
BATCH = {"GEM_FILTER_BATCH": "1", "GEM_MODEL": "openai/stub-model"}


def run(server, home, *texts: str, **variables: str):
    """One run over these questions; gives texts, or the errors."""

    async def ask():
        async with opened(server, home, **{**BATCH, **variables}) as models:
            asking = (models.filter.complete(request(text)) for text in texts)
            outcomes = await asyncio.gather(*asking, return_exceptions=True)
        return [getattr(outcome, "text", outcome) for outcome in outcomes]

    return asyncio.run(ask())


def answers(asked):
    return f"re: {asked['messages'][0]['content']}"


def test_the_first_run_submits_and_waits_and_a_later_one_has_the_answers(tmp_path):
    with StubServer(answers) as server:
        first = run(server, tmp_path, "a", "b")
        assert all(isinstance(outcome, FailedError) and outcome.reason == "cancelled" for outcome in first)
        assert server.requests == [], "nothing is asked directly"
        assert len(server.batches.submitted) == 1
        waiting = run(server, tmp_path, "a", "b")
        assert "waits for batch gem-" in str(waiting[0])
        assert len(server.batches.submitted) == 1, "what waits is not submitted twice"
        server.batches.finish()
        assert run(server, tmp_path, "a", "b") == ["re: a", "re: b"]
        assert len(server.requests) == 2
        assert run(server, tmp_path, "a", "b") == ["re: a", "re: b"]
    assert rows(tmp_path, "status", "batches") == [("collected",)]
    assert rows(tmp_path, "*", "batch_requests") == []


def test_an_answer_is_paid_at_the_price_and_a_refusal_is_remembered(tmp_path):
    def answer(asked):
        return (
            context_too_long()
            if asked["messages"][0]["content"] == "long"
            else Reply("short", input_tokens=1000)
        )

    prices = {"GEM_FILTER_BATCH_INPUT_PRICE": "1", "GEM_FILTER_BATCH_OUTPUT_PRICE": "0"}
    with StubServer(answer) as server:
        run(server, tmp_path, "long", "short", **prices)
        server.batches.finish()
        refused, text = run(server, tmp_path, "long", "short", **prices)
    assert isinstance(refused, RefusedError)
    assert (refused.kind, text) == ("too_long", "short")
    assert sorted(rows(tmp_path, "status, cost")) == [("done", 0.001), ("refused", 0.0)]


def only_the_larger(asked):
    return Reply("found room", model="large-1") if asked["model"] == "large" else context_too_long()


def test_what_is_too_long_goes_to_the_fallback_in_a_batch_of_its_own(tmp_path):
    fallback = {"GEM_FALLBACK": "openai/large", "GEM_FALLBACK_BATCH_INPUT_PRICE": "100"}
    fallback |= {"GEM_FALLBACK_BATCH_OUTPUT_PRICE": "0", **PRICES}
    with StubServer(only_the_larger) as server:
        run(server, tmp_path, "long", **fallback)
        server.batches.finish()
        (waiting,) = run(server, tmp_path, "long", "another", **fallback)[:1]
        assert isinstance(waiting, FailedError), "it waits for the fallback"
        models = [[line["body"]["model"] for line in lines] for lines in server.batches.lines]
        assert sorted(models) == [["large"], ["stub-model"], ["stub-model"]]
        server.batches.finish()
        assert run(server, tmp_path, "long", **fallback) == ["found room"]
    answered = rows(tmp_path, "status, answered_by, cost")
    assert ("done", "large-1", 0.001) in answered, "10 tokens at the fallback's price"


def test_too_long_for_the_fallback_too_is_final_in_a_batch(tmp_path):
    with StubServer(lambda _: context_too_long()) as server:
        for _ in range(3):
            (outcome,) = run(server, tmp_path, "long", GEM_FALLBACK="openai/large")
            server.batches.finish()
        assert isinstance(outcome, RefusedError)
        assert outcome.kind == "too_long"
        assert [request["model"] for request in server.requests] == ["stub-model", "large"]


@pytest.mark.parametrize(
    ("model", "variables", "cost"),
    [
        ("openai/gpt-4.1-mini", {}, pytest.approx((1000 * 0.2 + 100 * 0.8) / 1e6)),
        ("openai/gpt-4.1-mini", {"GEM_INPUT_PRICE": "9", "GEM_OUTPUT_PRICE": "9"}, pytest.approx(0.00028)),
        ("openai/stub-model", PRICES, pytest.approx(0.0015)),
        ("openai/stub-model", {"GEM_INPUT_PRICE": "9", "GEM_OUTPUT_PRICE": "9"}, None),
    ],
    ids=[
        "the table's",
        "the table's, whatever a direct call costs",
        "one's own",
        "unknown, not the full one",
    ],
)
def test_a_batch_is_paid_at_batch_price(tmp_path, model, variables, cost):
    with StubServer(lambda _: Reply("hello", input_tokens=1000, output_tokens=100)) as server:
        for _ in range(2):
            run(server, tmp_path, "a", **{"GEM_MODEL": model, **variables})
            server.batches.finish()
    assert rows(tmp_path, "cost") == [(cost,)]


def test_a_budget_over_a_batch_of_unknown_price_names_the_batch_price(tmp_path):
    with StubServer(answers) as server:
        (stop,) = run(server, tmp_path, "a", GEM_MAX_COST="5", GEM_INPUT_PRICE="1", GEM_OUTPUT_PRICE="1")
    assert isinstance(stop, StopRunError)
    assert "GEM_BATCH_INPUT_PRICE" in str(stop)


def test_what_a_batch_did_not_answer_goes_into_the_next(tmp_path):
    with StubServer(answers) as server:
        run(server, tmp_path, "a", "b", "c")
        server.batches.finish("expired", answered=2)
        outcomes = run(server, tmp_path, "a", "b", "c")
        # Which two were answered is the order in which three concurrent questions reached the batch.
        answered = [outcome for outcome in outcomes if not isinstance(outcome, FailedError)]
        assert len(answered) == 2
        assert set(answered) < {"re: a", "re: b", "re: c"}
        server.batches.finish()
        assert run(server, tmp_path, "a", "b", "c") == ["re: a", "re: b", "re: c"]
        assert len(server.requests) == 3, "none was bought twice"


def test_a_batch_whose_acceptance_was_not_noted_is_found_again(tmp_path):
    with StubServer(answers) as server:
        run(server, tmp_path, "a")
        connection = sqlite3.connect(tmp_path / "journal.db")
        connection.execute("UPDATE batches SET status = 'submitting', provider_id = NULL")
        connection.commit()
        connection.close()
        server.batches.finish()
        assert run(server, tmp_path, "a") == ["re: a"]
        assert len(server.batches.submitted) == 1


def test_a_batch_that_never_reached_the_provider_is_submitted_anew(tmp_path):
    with StubServer(answers) as server:
        run(server, tmp_path, "a")
        connection = sqlite3.connect(tmp_path / "journal.db")
        connection.execute("UPDATE batches SET status = 'submitting', provider_id = NULL, name = 'gem-lost'")
        connection.execute("UPDATE batch_requests SET batch = 'gem-lost'")
        connection.commit()
        connection.close()
        run(server, tmp_path, "a")
        assert len(server.batches.submitted) == 2


def test_a_crash_in_the_middle_of_collecting_loses_and_repeats_nothing(tmp_path, monkeypatch):
    from gem_assets.llm.journal.journal import Journal

    whole, taken = Journal.collect, []

    async def breaking(self, question, bought):
        if len(taken) == 1:
            raise KeyboardInterrupt
        taken.append(question.key)
        await whole(self, question, bought)

    with StubServer(answers) as server:
        run(server, tmp_path, "a", "b")
        server.batches.finish()
        monkeypatch.setattr(Journal, "collect", breaking)
        with pytest.raises(KeyboardInterrupt):
            run(server, tmp_path, "a", "b")
        monkeypatch.setattr(Journal, "collect", whole)
        assert run(server, tmp_path, "a", "b") == ["re: a", "re: b"]
    assert rows(tmp_path, "answers") == [(1,), (1,)]


def test_a_batch_stays_within_the_budget_and_holds_its_price_until_it_is_done(tmp_path):
    limits = {
        "GEM_MAX_TOKENS": "100",
        "GEM_BATCH_INPUT_PRICE": "0",
        "GEM_BATCH_OUTPUT_PRICE": "10",
        "GEM_MAX_COST": "0.0025",
    }
    with StubServer(lambda _: Reply("hello", output_tokens=50)) as server:
        with pytest.raises(StopRunError, match="GEM_MAX_COST"):
            run(server, tmp_path, "a", "b", "c", **limits)
        assert server.batches.submitted == []
        run(server, tmp_path, "a", "b", **limits)
        assert len(rows(tmp_path, "*", "reservations")) == 2
        server.batches.finish()
        assert run(server, tmp_path, "a", "b", **limits) == ["hello", "hello"]
    assert rows(tmp_path, "*", "reservations") == []


def test_a_provider_without_batches_says_what_to_unset(tmp_path):
    with StubServer(answers) as server:
        server.batches.refused = True
        with pytest.raises(StopRunError, match="GEM_FILTER_BATCH"):
            run(server, tmp_path, "a")
        run(server, tmp_path, "a", GEM_FILTER_BATCH="0")
        assert len(server.requests) == 1


def test_only_the_role_that_is_told_to_goes_by_batch(tmp_path):
    async def kinds(server):
        async with opened(server, tmp_path, **BATCH) as models:
            return isinstance(models.filter, Batcher), isinstance(models.teacher, Batcher)

    with StubServer(answers) as server:
        assert asyncio.run(kinds(server)) == (True, False)
