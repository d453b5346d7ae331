from gem_assets.records.provenance import Provenance


def call(key: str, cost: float | None) -> Provenance:
    return Provenance(
        prompt_version="judge@1", model="m", generator="model", call_keys=(key,), input_tokens=10,
        output_tokens=5, cost=cost, seconds=0.5,
    )  # fmt: skip


def test_the_shares_of_two_calls_add_up():
    both = call("a", 0.25).plus(call("b", 0.5))
    assert (both.input_tokens, both.output_tokens, both.cost, both.seconds) == (20, 10, 0.75, 1.0)
    assert both.call_keys == ("a", "b")


def test_an_unknown_cost_and_a_known_one_are_unknown_together():
    assert call("a", None).plus(call("b", 0.5)).cost is None
    assert call("a", 0.5).plus(call("b", None)).cost is None


def test_nothing_spent_yet_leaves_a_call_as_it_is():
    assert Provenance().plus(call("a", 0.5)) == call("a", 0.5)
    assert Provenance().plus(call("a", None)).cost is None


def test_the_later_call_names_prompt_and_model_where_it_has_one():
    later = call("b", 0.0).model_copy(update={"model": "other", "prompt_version": None})
    both = call("a", 0.0).plus(later)
    assert (both.model, both.prompt_version) == ("other", "judge@1")


def test_a_repair_turn_stays_marked():
    repaired = call("a", 0.0).model_copy(update={"recovered": True})
    assert repaired.plus(call("b", 0.0)).recovered
    assert call("b", 0.0).plus(repaired).recovered
    assert not call("a", 0.0).plus(call("b", 0.0)).recovered
