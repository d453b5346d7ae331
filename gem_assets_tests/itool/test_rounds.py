"""A round's steps with a scripted policy: what they write, how they go on after a stop, when they end."""

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from gem_assets.itool.rounds.at_once import each
from gem_assets.itool.rounds.campaign import Campaign, load_campaign
from gem_assets.itool.rounds.campaign_run import RoundResult, read_result, why_stop
from gem_assets.itool.rounds.learning import preference_rows, split_items
from gem_assets.itool.rounds.measuring import evaluate, measure_difficulty
from gem_assets.itool.rounds.round_files import read_round_rows, round_key
from gem_assets.itool.rounds.searching import make_pairs, read_trees, search_round
from gem_assets.itool.rounds.site import Site
from gem_assets.itool.rounds.trainings import Step, prepare_step, sft_row
from gem_assets.itool.search.policy import Completion, PolicyError, Token
from gem_assets.reports.itool.deficiencies import read_rounds, render_rounds
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home, StoreError
from gem_assets.training.trainer import Trainer
from gem_assets_tests.configured import configured
from gem_assets_tests.itool.family import write_tasks

CAMPAIGN = """
description = "A family of small tasks."
files = ["{tasks}"]
share = 0.5
held_out_items = 20
rounds = 2
grade = false
[warmup.tiny]
hidden = 32
[search]
iterations = 2
width = 3
max_tokens = 10
"""
MODEL = Path("policy-0")
ROUND_TABLES = ("itool_items", "search_nodes", "search_turns", "preference_pairs", "itool_evaluations")


class Guessing:
    """Writes gold or gold with another value, by the seed; greedy, it is always wrong."""

    def __init__(self, gold: dict[str, str], breaks_after: int | None = None, hard: int = 1) -> None:
        self.gold, self.left, self.asked, self.hard = gold, breaks_after, 0, hard
        self.identity = "guessing"

    def sample(self, prompt, *, n, max_tokens, temperature, seed):
        self.asked += 1
        if self.left is not None:
            if not self.left:
                raise PolicyError("the policy's server does not answer")
            self.left -= 1
        [(known, gold)] = [(text, gold) for text, gold in self.gold.items() if prompt.startswith(text)]
        begun = prompt.removeprefix(known)
        whole = gold if temperature and gold.startswith(begun) and seed % 2 else begun + "x=0)]"
        texts = [whole[len(begun) :], (gold[:-3] + "77)]")[len(begun) :]]
        return [self._written(texts[place % 2]) for place in range(n)]

    def score(self, prompt, completions):
        """Long prompts are hard; with `hard` -1, short ones."""
        return [[Token(0, -5 - self.hard * len(prompt) / 100)] for _ in completions]

    def _written(self, text):
        return Completion(text, (Token(0, -0.5), Token(len(text), -0.1)), True)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    folder = tmp_path_factory.mktemp("campaign")
    tasks = write_tasks(folder / "tasks.jsonl", 60, 1)
    (folder / "family.toml").write_text(CAMPAIGN.format(tasks=tasks))
    return load_campaign(str(folder / "family.toml"), Home(folder / "home"))


def site_of(home: Home, campaign: Campaign, **policy) -> tuple[Site, Guessing]:
    configuration = configured(home)
    gold = {one.prompt: one.gold for one in Site(configuration, campaign, "run", print).items}
    guessing = Guessing(gold, **policy)
    return Site(
        configured(home), campaign, "run", lambda line: None, lambda model: nullcontext(guessing)
    ), guessing


def whole_round(site: Site, number: int = 1) -> None:
    measure_difficulty(site, number, MODEL)
    search_round(site, number, MODEL)
    make_pairs(site, number)
    evaluate(site, number, MODEL)


def rows_of(home: Home, key: str) -> dict[str, list]:
    return {table: read_round_rows(home, table, key) for table in ROUND_TABLES}


def test_a_round_searches_its_share_and_points_at_the_wrong_values(home: Home, campaign: Campaign):
    site, _ = site_of(home, campaign)
    whole_round(site)
    rows = rows_of(home, "family-00001")
    selected = {row["item_id"] for row in rows["itool_items"] if row["selected"]}
    assert {row["item_id"] for row in rows["search_nodes"]} == selected
    assert len(rows["itool_items"]) == len(site.train_items)
    assert rows["preference_pairs"]
    golden = {one.item_id: one.prompt + one.gold for one in site.items}
    for pair in rows["preference_pairs"]:
        assert pair["prompt"] + pair["chosen"] == golden[pair["item_id"]]
    held_out = {row["item_id"] for row in rows["itool_evaluations"]}
    assert held_out == {one.item_id for one in site.held_out_items}
    assert held_out.isdisjoint(row["item_id"] for row in rows["itool_items"])


def test_a_step_that_is_done_asks_nothing_again(home: Home, campaign: Campaign):
    site, policy = site_of(home, campaign)
    whole_round(site)
    asked, before = policy.asked, rows_of(home, "family-00001")
    whole_round(site)
    assert policy.asked == asked
    assert rows_of(home, "family-00001") == before


@pytest.fixture(scope="module")
def undisturbed(campaign: Campaign, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list], int]:
    """The rows of a round, and how often it asked."""
    home = Home(tmp_path_factory.mktemp("undisturbed"))
    site, policy = site_of(home, campaign)
    whole_round(site)
    return rows_of(home, "family-00001"), policy.asked


@pytest.mark.parametrize("breaks_after", [0, 1, 7, 20])
def test_a_search_that_broke_goes_on_and_ends_with_the_same_rows(
    tmp_path: Path, campaign: Campaign, undisturbed: tuple[dict[str, list], int], breaks_after: int
):
    expected, asked = undisturbed
    other = Home(tmp_path / "other")
    other.root.mkdir()
    broken, _ = site_of(other, campaign, breaks_after=breaks_after)
    measure_difficulty(broken, 1, MODEL)
    with pytest.raises(PolicyError):
        search_round(broken, 1, MODEL)
    assert read_round_rows(other, "search_nodes", "family-00001") == []
    again, policy = site_of(other, campaign)
    whole_round(again)
    assert rows_of(other, "family-00001") == expected
    assert policy.asked <= asked - breaks_after + campaign.search.iterations


def test_other_settings_search_anew(home: Home, campaign: Campaign):
    site, policy = site_of(home, campaign)
    whole_round(site)
    asked = policy.asked
    changed = campaign.search.model_copy(update={"temperature": 0.7})
    other, again = site_of(home, campaign.model_copy(update={"search": changed}))
    whole_round(other)
    assert 0 < again.asked <= asked


def test_trees_come_back_as_they_were_searched(home: Home, campaign: Campaign):
    site, _ = site_of(home, campaign)
    whole_round(site)
    trees = read_trees(site, 1)
    rows = read_round_rows(home, "search_nodes", "family-00001")
    assert sum(len(tree.nodes) for _, tree in trees) == len(rows)
    values = {(row["item_id"], row["node"]): row["value"] for row in rows}
    for one, tree in trees:
        assert all(values[one.item_id, node.number] == pytest.approx(node.value) for node in tree.nodes)


def test_replayed_pairs_are_of_earlier_rounds_and_none_twice(home: Home, campaign: Campaign):
    for number, hard in ((1, 1), (2, -1)):
        site, _ = site_of(home, campaign, hard=hard)
        whole_round(site, number)
    first, second = (preference_rows(site, number) for number in (1, 2))
    assert len(first) == len(read_round_rows(home, "preference_pairs", "family-00001"))
    assert len(second) > len(read_round_rows(home, "preference_pairs", "family-00002"))
    assert len({str(row) for row in second}) == len(second)


@pytest.mark.parametrize("loss", ["dpo", "ipo", "simpo", "orpo"])
def test_rows_hold_the_pairs_and_those_of_dpo_the_whole_turn(home: Home, campaign: Campaign, loss: str):
    given = campaign.preference.model_copy(update={"loss": loss})
    site, _ = site_of(home, campaign.model_copy(update={"preference": given}))
    whole_round(site)
    pairs = read_round_rows(home, "preference_pairs", "family-00001")
    starts = {one.item_id: one.prompt for one in site.items}
    rows = preference_rows(site, 1)
    for pair, row in zip(pairs, rows, strict=True):
        for side in ("chosen", "rejected"):
            assert row["prompt"] + row[side] == pair["prompt"] + pair[side]
        assert row["prompt"] == (starts[pair["item_id"]] if loss == "dpo" else pair["prompt"])
    assert any(pair["prompt"] not in starts.values() for pair in pairs)


def test_the_report_tells_what_each_round_changed(home: Home, campaign: Campaign):
    site, _ = site_of(home, campaign)
    evaluate(site, 0, MODEL)
    whole_round(site)
    with open_live(home) as connection:
        zero, one = read_rounds(connection)
    result = read_result(site, 1)
    assert (zero.round, one.round, one.pairs) == (0, 1, result.pairs)
    assert one.accuracy_before == result.before == zero.accuracy
    told = {error.error_type: error for error in one.errors}
    assert sum(error.pairs for error in told.values()) == one.pairs
    assert told["syntax"].share_after == pytest.approx(
        sum("syntax" in row["errors"] for row in read_round_rows(home, "itool_evaluations", "family-00001"))
        / len(site.held_out_items)
    )
    assert "family round 1" in render_rounds([zero, one])
    assert "No round" in render_rounds([])


@pytest.mark.parametrize(
    ("searched", "pairs", "before", "after", "stops"),
    [
        (10, 5, 0.5, 0.6, None),
        (10, 0, 0.5, 0.6, "pairs per item"),
        (10, 5, 0.5, 0.5, "accuracy"),
        (10, 5, None, None, None),
    ],
)
def test_rounds_end_when_there_are_few_pairs_or_no_gain(
    home: Home, campaign: Campaign, searched: int, pairs: int, before, after, stops
):
    site, _ = site_of(home, campaign)
    reason = why_stop(site, RoundResult(1, searched, pairs, before, after, "policy"))
    assert (reason is None) == (stops is None)
    assert stops is None or stops in reason


def test_rounds_search_also_what_the_warm_up_did_not_learn_from(home: Home, campaign: Campaign):
    site, _ = site_of(home, campaign.model_copy(update={"warmup_items": 10}))
    learnt = set(split_items(site))
    assert len(learnt) == len(site.warmup_items) == 10
    rows = measure_difficulty(site, 1, MODEL)
    assert learnt < {row["item_id"] for row in rows}
    assert {row["item_id"] for row in rows if row["selected"]} - learnt
    whole, _ = site_of(home, campaign)
    assert whole.warmup_items == whole.train_items


def test_a_row_to_learn_shows_the_history_and_learns_the_turn(home: Home, campaign: Campaign):
    site, _ = site_of(home, campaign)
    row = sft_row(site.train_items[0])
    assert [message["role"] for message in row["messages"]] == ["system", "user", "assistant"]
    assert row["messages"][-1]["content"] == site.train_items[0].gold


def test_a_training_has_the_same_name_wherever_the_home_lies(tmp_path: Path, home: Home, campaign: Campaign):
    trainer, names = Trainer(Path("python"), {}), []
    for place in (home, Home(tmp_path / "elsewhere")):
        base = place.models / "policy-family-warmup1-0123456789ab"
        step = Step("sft", "policy-family-00001", campaign.warmup, base, [{"id": "1"}])
        names.append(prepare_step(place, step, trainer).name)
    other = Step("sft", "policy-family-00001", campaign.warmup, home.models / "another", [{"id": "1"}])
    assert names[0] == names[1] != prepare_step(home, other, trainer).name


def test_a_policy_stays_open_until_another_is_asked_for_or_one_is_trained(home: Home, campaign: Campaign):
    site, guessing = site_of(home, campaign)
    told = []

    @contextmanager
    def opening(model: Path):
        told.append(f"open {model}")
        yield guessing
        told.append(f"close {model}")

    with replace(site, opening=opening).holding() as held:
        for model in ("one", "one", "other"):
            with held.policy(Path(model)):
                pass
        held.before_training()
        with pytest.raises(PolicyError), held.policy(Path("other")):
            raise PolicyError("the server is gone")
        with held.policy(Path("other")):
            pass
    # Closed by another model, by the training, by the error, and in the end.
    other = ["open other", "close other"]
    assert told == ["open one", "close one", *other, *other, *other]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("description = 'x'\n[warmup.tiny]\n", "recipe or files"),
        ("description = 'x'\nrecipe = 'demo'\n", "warmup"),
        ("description = 'x'\nrecipe = 'demo'\nshare = 2\n[warmup.tiny]\n", "share"),
        ("description = 'x'\nrecipe = 'demo'\n[warmup.tiny]\n[policy]\nbackend = 'command'\n", "serve"),
        ("description = 'x'\nrecipe = 'demo'\nwarmup_by = 'none'\n[warmup.tiny]\n", "warmed up"),
        ("description = ", "not TOML"),
    ],
)
def test_a_campaign_that_cannot_be_carried_out_is_told(tmp_path: Path, home: Home, text: str, told: str):
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(StoreError, match=told):
        load_campaign(str(tmp_path / "bad.toml"), home)


@pytest.mark.parametrize("name", ["smoke", "qwen3-8b", "qwen3-8b-served"])
def test_every_campaign_that_ships_can_be_read(home: Home, name: str):
    assert load_campaign(name, home).name == name
    assert round_key(name, 1).endswith("-00001")


def test_an_unknown_campaign_is_told_with_those_there_are(home: Home):
    with pytest.raises(StoreError, match="smoke"):
        load_campaign("nothing", home)


@pytest.mark.parametrize("at_once", [1, 4])
def test_results_keep_their_order_and_an_error_comes_through(at_once: int):
    assert each(lambda number: number * 2, range(20), at_once) == [number * 2 for number in range(20)]
    with pytest.raises(ZeroDivisionError):
        each(lambda number: 1 // number, [1, 0, 2], at_once)
