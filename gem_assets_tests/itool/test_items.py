"""Items out of our trajectories and out of ToolACE's files; how hard they are; which are selected."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.datasets.chat_template import render_chat
from gem_assets.datasets.examples import policy_example
from gem_assets.itool.items.difficulty import DIFFICULTIES, split_by_rank, split_by_rule
from gem_assets.itool.items.from_examples import items_of, read_items
from gem_assets.itool.items.item import END
from gem_assets.itool.items.selection import update_replay
from gem_assets.itool.items.toolace import read_toolace, read_tools
from gem_assets.itool.turns.comparing import compare
from gem_assets.store.connections import open_live
from gem_assets.store.home import StoreError
from gem_assets_tests.datasets.making import recorded
from gem_assets_tests.itool.making import TOOLS, item, tool

SYSTEM = (
    "You are an expert [in composing functions]. Here is a list of functions in JSON format:\n"
    + json.dumps(
        [
            {
                "name": "Get Weather",
                "description": "Weather.",
                "parameters": {
                    "type": "dict",
                    "required": ["city"],
                    "properties": {
                        "city": {"type": "str"},
                        "days": {"type": "list", "items": {"type": "int"}},
                    },
                },
            }
        ]
    )
    + ".\nAnswer with [func(name=value)] only."
)
SAID = [
    {"from": "user", "value": "How is Oslo?"},
    {"from": "assistant", "value": '[Get Weather(city="Oslo", days=[1, 2])]'},
    {"from": "tool", "value": '{"sky": "grey"}'},
    {"from": "assistant", "value": "Grey."},
]


def row_of(trajectory, **changes):
    example = policy_example(trajectory)
    row = {"messages": json.dumps(example["messages"]), "tools": json.dumps(example["tools"])}
    identity = {"example_id": "e1", "document_id": trajectory.document_id, "split": "train", "unlearned": []}
    return {**row, **identity, **changes}


def test_prompt_gold_and_end_are_the_training_text():
    row = row_of(recorded())
    messages, tools = json.loads(row["messages"]), json.loads(row["tools"])
    found = list(items_of(row))
    assert len(found) == sum(message["role"] == "assistant" for message in messages)
    for one in found:
        whole = render_chat(messages[: one.turn + 1], tools)
        assert f"{one.prompt}{one.gold}{END}\n" == whole


def test_gold_reads_as_the_calls_that_were_made():
    trajectory = recorded()
    for one in items_of(row_of(trajectory)):
        made = trajectory.messages[one.turn].tool_calls
        assert [(c.name, c.arguments) for c in one.gold_turn.calls] == [(c.name, c.arguments) for c in made]
        assert compare(one.gold_turn, one.gold_turn).is_exact
        assert one.messages == trajectory.messages[: one.turn]


def test_what_is_not_to_be_learnt_is_no_item():
    turns = [one.turn for one in items_of(row_of(recorded()))]
    rest = [one.turn for one in items_of(row_of(recorded(), unlearned=[turns[1]]))]
    assert rest == [turns[0], *turns[2:]]


def test_items_of_a_recipe_lead_back_to_document_and_trajectory(built):
    found = read_items(built, "mine")
    assert found
    with open_live(built) as connection:
        held = connection.execute("SELECT trajectory_id, document_id FROM validated_trajectories").fetchall()
    assert {(one.trajectory_id, one.document_id) for one in found} <= set(held)


def test_a_recipe_that_was_never_built_is_told(home):
    with pytest.raises(StoreError, match="gem dataset --recipe mine"):
        read_items(home, "mine")


def write(path, rows, lines=False):
    text = "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("lines", [True, False])
def test_a_toolace_dialogue_gives_an_item_per_assistant_turn(tmp_path, lines):
    path = write(tmp_path / "t.json", [{"system": SYSTEM, "conversations": SAID}], lines)
    calling, saying = read_toolace(path)
    [call] = calling.gold_turn.calls
    assert (call.name, call.arguments) == ("Get Weather", {"city": "Oslo", "days": [1, 2]})
    assert calling.with_tool
    assert not saying.with_tool
    assert calling.prompt.endswith("How is Oslo?<|im_end|>\n<|im_start|>assistant\n")
    assert SAID[1]["value"] in saying.prompt
    assert saying.messages[-1].call_id == saying.messages[-2].tool_calls[0].call_id


def test_tools_are_found_in_the_text_with_types_of_json_schema():
    [found] = read_tools(SYSTEM)
    assert found.name == "Get Weather"
    assert found.parameters["type"] == "object"
    assert found.parameters["properties"]["days"] == {"type": "array", "items": {"type": "integer"}}
    assert read_tools("no tools [here] {}") == ()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"system": SYSTEM}], "record 1: conversations"),
        ([{"system": SYSTEM, "conversations": SAID}, {"conversations": SAID}], "record 2: system"),
        (
            [{"system": SYSTEM, "conversations": [{"from": "cat", "value": "Mew"}, SAID[0]]}],
            "'cat' is none of",
        ),
        (["x"], "record 1"),
    ],
)
def test_a_record_of_another_form_is_told_with_its_place(tmp_path, rows, told):
    with pytest.raises(StoreError, match=told):
        read_toolace(write(tmp_path / "bad.json", rows))


def test_a_file_that_is_missing_or_no_json_is_told(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n{oops\n')
    with pytest.raises(StoreError, match=r"line 1"):
        read_toolace(tmp_path / "x.jsonl")
    with pytest.raises(StoreError, match="cannot be read"):
        read_toolace(tmp_path / "none.json")


def test_turns_of_one_dialogue_share_a_split(tmp_path):
    rows = [{"system": f"{SYSTEM} {number}", "conversations": SAID} for number in range(40)]
    found = read_toolace(write(tmp_path / "t.json", rows), held_out=0.5)
    splits = {}
    for one in found:
        splits.setdefault(one.source, set()).add(one.split)
    assert {len(held) for held in splits.values()} == {1}
    assert {one.split for one in found} == {"train", "test"}


@given(st.dictionaries(st.text(max_size=4), st.floats(1, 1e6), max_size=30))
def test_ranks_cut_into_thirds_in_order(perplexities):
    found = split_by_rank(perplexities)
    counts = [sum(level == name for level in found.values()) for name in DIFFICULTIES]
    assert max(counts) - min(counts) <= 1
    ordered = [found[key] for key in sorted(perplexities, key=lambda key: (perplexities[key], key))]
    assert ordered == sorted(ordered, key=DIFFICULTIES.index)


@pytest.mark.parametrize(
    ("tools", "expected"),
    [(TOOLS[:1], "easy"), (TOOLS, "medium"), (TOOLS * 2, "hard"), ((tool("x", **dict.fromkeys(
        (f"long_name_of_a_parameter_{n}" for n in range(60)), "string")),), "hard")],
)  # fmt: skip
def test_the_rule_reads_tools_and_lengths(tools, expected):
    assert split_by_rule(item(tools=tools)) == expected


def items(with_tool=10, without=5):
    return [item(item_id=f"t{n}") for n in range(with_tool)] + [
        item(item_id=f"s{n}", gold="Done.") for n in range(without)
    ]


def selected(replay):
    return {item_id for item_id, entry in replay.items() if entry.selected}


def test_the_hardest_of_each_kind_are_selected():
    perplexities = {
        one.item_id: float(int(one.item_id[1:])) + (100 if one.with_tool else 0) for one in items()
    }
    assert selected(update_replay({}, items(), perplexities, 0.3)) == {"t9", "t8", "t7", "s4", "s3"}


def test_of_equally_hard_items_the_one_searched_less_often_comes_first():
    level = {one.item_id: 2.0 for one in items(4, 0)}
    first = update_replay({}, items(4, 0), level, 0.5)
    second = update_replay(first, items(4, 0), level, 0.5)
    assert selected(first) | selected(second) == {"t0", "t1", "t2", "t3"}
    assert {entry.times_selected for entry in second.values()} == {1}


def test_the_buffer_remembers_the_perplexity_before():
    first = update_replay({}, items(1, 0), {"t0": 3.0}, 1.0)
    [entry] = update_replay(first, items(1, 0), {"t0": 2.0}, 1.0).values()
    assert (entry.perplexity, entry.previous, entry.times_selected) == (2.0, 3.0, 2)


@given(st.lists(st.floats(1, 50), min_size=1, max_size=30), st.floats(0.01, 1))
def test_never_fewer_than_the_share_and_none_easier_than_one_left_out(levels, share):
    every = [item(item_id=f"t{n}") for n in range(len(levels))]
    perplexities = {one.item_id: level for one, level in zip(every, levels, strict=True)}
    chosen = selected(update_replay({}, every, perplexities, share))
    assert share * len(levels) <= len(chosen) < share * len(levels) + 1
    left = [perplexities[one.item_id] for one in every if one.item_id not in chosen]
    assert min(perplexities[key] for key in chosen) >= max(left, default=0)


def test_an_item_without_gold_is_not_measured():
    without = item(item_id="x", gold=None)
    assert update_replay({}, [without], {}, 1.0) == {}
