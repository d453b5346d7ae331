"""Training rows as token ids and labels: only what the assistant says itself is learnt.

A row is `{"id", "messages", "tools": JSON text}`. Runs in the trainer's environment.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

IGNORED = -100
"""The label of a token without loss."""


@dataclass
class Tokenised:
    """Rows that fit, and a count of those that do not."""

    rows: list[dict[str, list[int]]] = field(default_factory=list)
    """`input_ids` and `labels` of the same length."""
    too_long: int = 0
    """Left out whole: a row that is cut has lost its answers."""
    with_control_tokens: int = 0
    """Left out: their text holds a token that means the end of a turn."""

    @property
    def tokens(self) -> int:
        """Over all rows."""
        return sum(len(row["input_ids"]) for row in self.rows)

    @property
    def learnt(self) -> int:
        """Tokens that the loss falls on."""
        return sum(label != IGNORED for row in self.rows for label in row["labels"])


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Read one row per line."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def tokenise(rows: Iterable[dict[str, Any]], tokenizer: Any, context: int) -> Tokenised:
    """Write rows as ids by the tokenizer's chat template; a row of more than `context` tokens is left out."""
    found = Tokenised()
    for row in rows:
        if holds_control_tokens(row, tokenizer):
            found.with_control_tokens += 1
            continue
        made = encode(row, tokenizer)
        if len(made["input_ids"]) > context:
            found.too_long += 1
        else:
            found.rows.append(made)
    return found


def encode(row: dict[str, Any], tokenizer: Any) -> dict[str, list[int]]:
    """Write one row as ids; the template marks what is learnt with `{% generation %}`."""
    made = tokenizer.apply_chat_template(
        row["messages"],
        tools=json.loads(row["tools"]) or None,
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    ids, learnt = list(made["input_ids"]), made["assistant_masks"]
    labels = [token if said else IGNORED for token, said in zip(ids, learnt, strict=True)]
    return {"input_ids": ids, "labels": labels}


def render(row: dict[str, Any], tokenizer: Any) -> str:
    """Write one row as the text those ids stand for."""
    return tokenizer.apply_chat_template(
        row["messages"], tools=json.loads(row["tools"]) or None, tokenize=False
    )


def holds_control_tokens(row: dict[str, Any], tokenizer: Any) -> bool:
    """Say whether the text of a row would be read as the tokens that part the turns."""
    text = json.dumps([row["messages"], json.loads(row["tools"])], ensure_ascii=False)
    return any(token in text for token in tokenizer.all_special_tokens)
