"""What verification looks at: a dialogue with every result read once, and what the source demands of it.

Does not belong here: any judging.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydantic import JsonValue

from gem_assets.records.message import Message
from gem_assets.records.tool import Tool, ToolCall
from gem_assets.records.workflow import Constraint, Edge
from gem_assets.verification.conversation.cues import is_check, is_write
from gem_assets.verification.dialogue import pair_calls
from gem_assets.verification.grounding.identifiers import words_of
from gem_assets.verification.results import read_result
from gem_assets.verification.words import word_set

_REFUSING_FLAGS = word_set(
    "valid is_valid isvalid eligible is_eligible allowed is_allowed approved accepted fits permitted "
    "within_limits within_limit ok passed possible feasible compliant can_proceed success meets_requirements "
    "is_within_limits compatible acceptable is_allowed authorized authenticated verified"
)
_REFUSING_STATUSES = word_set(
    "rejected denied invalid refused declined failed ineligible not_allowed not_eligible error blocked "
    "forbidden unauthorized not_permitted exceeds_limit exceeded oversize too_large too_small"
)
# Names of one noun, and verbs that end as plurals do.
_SHOWN = word_set("balance inventory availability profile account cart menu agenda calendar weather inbox")
_DOING = word_set("process pass press dismiss access address discuss focus guess cross toss")
_PENDING = word_set(
    "pending queued scheduled submitted requested processing in_progress accepted received waiting planned "
    "initiated started running"
)


@dataclass(frozen=True)
class Exchange:
    """A call and what came of it. `value` is the result as JSON, or its text; None where there is none."""

    index: int
    call: ToolCall
    result_index: int | None
    value: JsonValue
    failed: bool
    """The result reports an error."""
    refused: bool
    """The result says no, as an error or as an answer (`"eligible": false`)."""
    writes: bool
    """By its name, the tool changes something."""
    checks: bool
    """By its name, the tool tests a condition."""
    deferred: bool = False
    """The result says that the change is still to come."""

    @property
    def succeeded(self) -> bool:
        """Whether a result came back that says neither error nor no."""
        return self.result_index is not None and not self.refused


@dataclass(frozen=True)
class Material:
    """One trajectory on the way through verification."""

    tools: dict[str, Tool]
    messages: tuple[Message, ...]
    exchanges: tuple[Exchange, ...]
    constraints: tuple[Constraint, ...] = ()
    edges: tuple[Edge, ...] = ()
    source: str = ""
    language: str = "en"


def read_material(
    tools: Sequence[Tool],
    messages: Sequence[Message],
    *,
    constraints: Sequence[Constraint] = (),
    edges: Sequence[Edge] = (),
    source: str = "",
    language: str = "en",
) -> Material:
    """Pair calls with results and read the results, once for all checks."""
    by_name: dict[str, Tool] = {}
    for tool in tools:
        by_name.setdefault(tool.name, tool)
    return Material(
        by_name, tuple(messages), _exchanges(messages), tuple(constraints), tuple(edges), source, language
    )


def _exchanges(messages: Sequence[Message]) -> tuple[Exchange, ...]:
    found: list[Exchange] = []
    for use in pair_calls(messages):
        value = read_result(use.result.content) if use.result else None
        refused = use.failed or (use.result is not None and _says_no(value))
        found.append(
            Exchange(
                use.index, use.call, use.result_index, value, use.failed, refused,
                writes_by_name(use.call.name), checks_by_name(use.call.name), _is_deferred(value),
            )
        )  # fmt: skip
    return tuple(found)


@lru_cache(maxsize=4096)
def writes_by_name(tool: str) -> bool:
    """Tell from its name whether a tool changes something; a name that is only a noun shows it (`orders`)."""
    words = words_of(tool)
    if len(words) == 1 and (words[0] in _SHOWN or (words[0].endswith("s") and words[0] not in _DOING)):
        return False
    return is_write(tool)


@lru_cache(maxsize=4096)
def checks_by_name(tool: str) -> bool:
    """Tell from its name whether a tool tests a condition."""
    return is_check(tool) or bool({"validate", "verify", "check"} & set(words_of(tool)[:2]))


def _says_no(value: JsonValue) -> bool:
    """Look for a refusing flag or status in a result, one level into it."""
    if isinstance(value, str):
        return _is_plain_refusal(value)
    if not isinstance(value, dict):
        return False
    inner = (part for part in value.values() if isinstance(part, dict))
    return any(_object_says_no(part) for part in (value, *inner))


def _is_plain_refusal(text: str) -> bool:
    start = text[:200].casefold()
    return start.startswith(("failed", "failure", "invalid", "denied", "refused", "cannot", "unable", "not "))


def _object_says_no(fields: dict[str, JsonValue]) -> bool:
    for key, field in fields.items():
        small = key.casefold()
        if small in _REFUSING_FLAGS and (field is False or field in ("no", "false", "NO", "No")):
            return True
        if small in ("status", "result", "outcome", "decision", "verdict") and isinstance(field, str):
            if field.casefold().replace(" ", "_").replace("-", "_") in _REFUSING_STATUSES:
                return True
        elif small in ("error", "errors", "violation", "violations") and field:
            return True
    return False


def _is_deferred(value: JsonValue) -> bool:
    """Tell whether a result says that the change is only under way."""
    if not isinstance(value, dict):
        return False
    inner = (part for part in value.values() if isinstance(part, dict))
    return any(
        isinstance(field, str) and field.casefold().replace(" ", "_") in _PENDING
        for part in (value, *inner)
        for key, field in part.items()
        if "status" in key.casefold() or key.casefold() == "state"
    )
