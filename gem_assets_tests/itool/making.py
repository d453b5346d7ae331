"""Items and searches for tests."""

from typing import Any

from gem_assets.itool.items.item import Item
from gem_assets.itool.search.search import SearchSettings, search
from gem_assets.itool.search.tree import Tree
from gem_assets.itool.turns.reading import read_turn
from gem_assets.itool.turns.reward import RewardSettings, TurnJudge
from gem_assets.records.message import Message
from gem_assets.records.tool import Tool
from gem_assets_tests.itool.scripted import PLANTED, ScriptedPolicy

PROMPT = "<|im_start|>user\nWhat about claim C-100 of 2024?<|im_end|>\n<|im_start|>assistant\n"
GOLD = '<tool_call>\n{"name": "get_claim", "arguments": {"claim_id": "C-100", "year": 2024}}\n</tool_call>'


def tool(name: str, **properties: str) -> Tool:
    return Tool(
        name=name,
        description=f"{name}.",
        parameters={
            "type": "object",
            "properties": {key: {"type": kind} for key, kind in properties.items()},
            "required": list(properties),
        },
    )


TOOLS = tuple(tool(name, claim_id="string", year="integer") for name in ("get_claim", "find_claim"))
ASKED = (
    Message(role="system", content="You keep the claims register of an insurer."),
    Message(role="user", content="What about claim C-100 of 2024?"),
)


def item(**changes: Any) -> Item:
    made = Item(
        item_id="item-1",
        source="example-1",
        document_id="document-1",
        trajectory_id="trajectory-1",
        turn=2,
        syntax="hermes",
        prompt=PROMPT,
        gold=GOLD,
        tools=TOOLS,
        messages=ASKED,
    )
    return made.model_copy(update=changes)


def judge_of(one: Item) -> TurnJudge:
    gold = None if one.gold is None else read_turn(one.gold, one.syntax)
    return TurnJudge(one.situation, one.syntax, gold, RewardSettings())


def searched(
    one: Item, policy: ScriptedPolicy | None = None, seed: int = 0, **settings: Any
) -> tuple[Tree, ScriptedPolicy]:
    policy = policy or ScriptedPolicy(PLANTED, one.prompt)
    settings = {"iterations": 8, "width": 3, **settings}
    tree = search(one.prompt, one.syntax, policy, judge_of(one).judge, SearchSettings(**settings), seed)
    return tree, policy
