"""What is said against what is done: claims without a result, refusals without a reason, repeated turns.

English words; all of it warnings. Does not belong here: limits (`statements`), turn order (`structure`).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.grounding.identifiers import looks_like_id, singular, squash, words_of
from gem_assets.verification.state.state_store import quote_arguments
from gem_assets.verification.values import quote
from gem_assets.verification.view import ToolInteraction, TrajectoryView
from gem_assets.verification.words import word_set

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_INABILITY = re.compile(
    r"\bI (?:don't|do not) have (?:a |any |the )?(?:tool|way|ability|function|access|means)\b[^.!?]{0,80}|"
    r"\bI(?:'m| am) (?:not able|unable) to\b[^.!?]{0,80}|\bI (?:can't|cannot|can not) (?!\w+ (?:that|this|"
    r"it) (?:because|as|since))[^.!?]{0,80}",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"\b(?:because|since|as|until|unless|without|only|polic\w+|rules?|limit\w*|maximum|minimum|exceed\w*|"
    r"status|already|first|"
    r"needs?|must|due to|after|before|once|not allowed|expired|while|if|yet|more than|beyond|it is|it's)\b",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(
    r"\b(?:not|couldn't|could not|can't|cannot|unable|fail\w*|error\w*|refus\w+|declin\w+|reject\w+|"
    r"problem\w*|unfortunately|"
    r"sorry|unsuccessful\w*|went wrong|didn't|did not|doesn't|does not|isn't|no|won't|wasn't|weren't|issue|"
    r"denied|invalid|blocked|"
    r"again|instead|however|but|missing|unavailable|trouble|only|nothing|without|still|needs?|must|"
    r"requires?|first|before)\b|n't",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\bI(?:'ve| have)(?: now| just| also| already| successfully)? (\w+(?:ed|en|t|de|ade|ut|old|id))\b|"
    r"\b(?:has|have) (?:now |just |also |already |successfully |both )?been (?:successfully )?(\w+(?:ed|en|"
    r"t|ut|ade|old|id))\b|"
    r"\b(?:is|are) now (\w+(?:ed|en|lled))\b|\bsuccessfully (\w+ed)\b",
    re.IGNORECASE,
)
# Things one does without a tool.
_SAID_NOT_DONE = word_set(
    "checked reviewed noted looked found understood confirmed verified identified read listed included "
    "considered "
    "explained provided mentioned received seen given asked told taken made kept compared calculated located "
    "retrieved gathered prepared summarized summarised outlined selected based used interested excited "
    "required "
    "needed allowed permitted expected intended got left met planned assigned affected available tied"
)
_REASONING = re.compile(
    r"\b(?:the user (?:wants|is asking|asked|said|needs|has asked|mentioned)|let me think|"
    r"step by step reasoning|"
    r"I (?:need|should|must|have|will) (?:to )?(?:call|invoke|use) the \w+ (?:tool|function|api)|as an ai|"
    r"language model|"
    r"my (?:system prompt|instructions|training)|according to the system prompt|the system prompt says|"
    r"chain of thought|"
    r"thought:|action input:|observation:|final answer:)",
    re.IGNORECASE,
)
_PLACE_VERBS = word_set("get list search find read show view look fetch check")


def find_false_inability(view: TrajectoryView) -> Iterator[Defect]:
    """Find an assistant that says it cannot, with a tool for it on offer."""
    for index, message in _speech(view):
        text = message.replace("’", "'")
        for found in _INABILITY.finditer(text):
            if _WHY.search(found.group()):
                continue
            tool = _tool_for(view, found.group())
            if tool:
                evidence = (
                    f"Message {index} says {quote(found.group())}, and the tool {quote(tool)} is on offer."
                )
                yield Defect(Reason.VERIFY_FALSE_INABILITY, evidence, index, span=found.span())


def _tool_for(view: TrajectoryView, text: str) -> str | None:
    """Find a tool whose verb and nouns all stand in a sentence."""
    stems = {word[:5] for word in re.findall(r"[a-z]{3,}", text.casefold())}
    for name in view.tools_by_name:
        words = [word for word in words_of(name) if len(word) > 2]
        if len(words) > 1 and all(singular(word)[:5] in stems or word[:5] in stems for word in words):
            return name
    return None


def find_empty_turns(view: TrajectoryView) -> Iterator[Defect]:
    """Find turns of user or assistant that say nothing and call nothing."""
    for index, message in enumerate(view.messages):
        if message.role in ("user", "assistant") and not message.tool_calls and not message.content.strip():
            yield Defect(Reason.VERIFY_EMPTY_TURN, f"Message {index} ({message.role}) says nothing.", index)


def find_leaked_reasoning(view: TrajectoryView) -> Iterator[Defect]:
    """Find what the assistant thinks or calls in what it says."""
    for index, text in _speech(view):
        found = _REASONING.search(text)
        named = (
            found.group()
            if found
            else next((name for name in view.tools_by_name if "_" in name and name in text), None)
        )
        if named:
            evidence = (
                f"Message {index} holds {quote(named)}: what the assistant thinks or calls, not what it says."
            )
            yield Defect(Reason.VERIFY_LEAKED_REASONING, evidence, index)


def find_named_tools(view: TrajectoryView) -> Iterator[Defect]:
    """Find users who name a tool."""
    names = [name for name in view.tools_by_name if len(words_of(name)) > 1]
    for index, message in enumerate(view.messages):
        if message.role != "user":
            continue
        named = next(
            (name for name in names if name in message.content and _stands_alone(name, message.content)), None
        )
        if named:
            evidence = f"Message {index}, the user's, names the tool {quote(named)}."
            yield Defect(Reason.VERIFY_USER_NAMES_TOOL, evidence, index)


def _stands_alone(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def find_repeats(view: TrajectoryView) -> Iterator[Defect]:
    """Find turns said twice, and successful calls made twice with no user in between."""
    seen: dict[tuple[str, str], int] = {}
    for index, message in enumerate(view.messages):
        if message.role not in ("user", "assistant") or message.tool_calls:
            continue
        key = (message.role, squash(message.content))
        if len(key[1]) >= 25 and key in seen:
            evidence = f"Message {index} says again what message {seen[key]} said: {quote(message.content)}."
            yield Defect(Reason.VERIFY_REPEATED_TURN, evidence, index, other_message=seen[key])
        seen.setdefault(key, index)
    yield from _repeated_calls(view)


def _repeated_calls(view: TrajectoryView) -> Iterator[Defect]:
    seen: dict[tuple[str, str], ToolInteraction] = {}
    for interaction in view.interactions:
        key = (interaction.call.name, quote_arguments(interaction))
        earlier = seen.get(key)
        if (
            earlier
            and earlier.succeeded
            and interaction.succeeded
            and not _user_between(view, earlier, interaction)
        ):
            evidence = (
                f"Message {interaction.index} makes the successful call of message {earlier.index} once more."
            )
            yield Defect(
                Reason.VERIFY_REPEATED_CALL, evidence, interaction.index, other_message=earlier.index
            )
        if interaction.writes and interaction.succeeded:
            seen = {name: kept for name, kept in seen.items() if kept.writes}
        seen[key] = interaction


def _user_between(view: TrajectoryView, first: ToolInteraction, second: ToolInteraction) -> bool:
    return any(message.role == "user" for message in view.messages[first.index : second.index])


def find_vain_recoveries(view: TrajectoryView) -> Iterator[Defect]:
    """Find a failed call made again unchanged, at once, to fail again."""
    for first, second in zip(view.interactions, view.interactions[1:], strict=False):
        same = first.call.name == second.call.name and first.call.arguments == second.call.arguments
        if same and first.failed and second.failed and not _user_between(view, first, second):
            evidence = (
                f"Message {second.index} makes the failed call of message {first.index} again, unchanged."
            )
            yield Defect(Reason.VERIFY_VAIN_RECOVERY, evidence, second.index, other_message=first.index)


def find_false_claims(view: TrajectoryView) -> Iterator[Defect]:
    """Judge what the assistant says to have done since the user last spoke."""
    start = 0
    for index, message in enumerate(view.messages):
        if message.role == "user":
            start = index
        if message.role != "assistant" or message.tool_calls:
            continue
        made = [interaction for interaction in view.interactions if start < interaction.index < index]
        text = message.content.replace("’", "'")
        failed = made[-1] if made and made[-1].failed else None
        if failed and _claims_success(text):
            evidence = f"Message {index} says {quote(text)} after the error in message {failed.result_index}."
            yield Defect(
                Reason.VERIFY_UNDISCLOSED_FAILURE, evidence, index, other_message=failed.result_index
            )
            continue
        claim = _unsupported(view, text, index)
        if claim:
            evidence = f"Message {index} says {quote(claim)}, and no call before it did so."
            yield Defect(Reason.VERIFY_UNSUPPORTED_SUCCESS, evidence, index)


def _claims_success(text: str) -> bool:
    return _NEGATIVE.search(text) is None


def _unsupported(view: TrajectoryView, text: str, index: int) -> str | None:
    changes = [
        interaction
        for interaction in view.interactions
        if interaction.index < index and interaction.writes and interaction.succeeded
    ]
    if changes:
        return None
    for found in _SENTENCE.finditer(text):
        done = _DONE.search(found.group())
        if done is None or found.group().rstrip().endswith("?") or _NEGATIVE.search(found.group()):
            continue
        verb = next(group for group in done.groups() if group).casefold()
        if verb not in _SAID_NOT_DONE and done.group().startswith("I") and _is_a_tools_verb(view, verb):
            return found.group().strip()
    return None


def _is_a_tools_verb(view: TrajectoryView, verb: str) -> bool:
    return any(words_of(name)[:1] and words_of(name)[0][:3] == verb[:3] for name in view.tools_by_name)


def find_unknown_ids(view: TrajectoryView) -> Iterator[Defect]:
    """Find identifiers told to the user that nothing before holds."""
    known = ""
    for index, message in enumerate(view.messages):
        if message.role != "assistant" or message.tool_calls:
            known += "\n" + squash(message.content)
            continue
        for word in set(re.findall(r"[^\W_]+(?:[-_#][^\W_]+)*", message.content)):
            if looks_like_id(word) and squash(word) not in known and not _is_a_number_of(word, known):
                evidence = f"Message {index} names {quote(word)}, which nothing before it holds."
                yield Defect(Reason.VERIFY_UNKNOWN_ID_SAID, evidence, index)
        known += "\n" + squash(message.content)


def _is_a_number_of(word: str, known: str) -> bool:
    digits = "".join(letter for letter in word if letter.isdecimal())
    return len(digits) >= 3 and digits in known


def find_language_mix(view: TrajectoryView) -> Iterator[Defect]:
    """Find turns written in another script than most of the dialogue."""
    scripts = {
        index: _script(message.content)
        for index, message in enumerate(view.messages)
        if message.role != "tool"
    }
    counts = Counter(script for script in scripts.values() if script)
    if len(counts) < 2:
        return
    main = counts.most_common(1)[0][0]
    for index, script in scripts.items():
        if script and script != main:
            evidence = f"Message {index} is written in {script} letters, the rest in {main}."
            yield Defect(Reason.VERIFY_LANGUAGE_MIX, evidence, index)
            return


def _script(text: str) -> str:
    if text.isascii():
        return "LATIN" if any(map(str.isalpha, text)) else ""
    letters = [letter for letter in text[:600] if letter.isalpha()]
    names = Counter(unicodedata.name(letter, "?").split()[0] for letter in letters)
    if not names:
        return ""
    script, count = names.most_common(1)[0]
    return script if count > 0.5 * len(letters) else ""


def _speech(view: TrajectoryView) -> Iterator[tuple[int, str]]:
    for index, message in enumerate(view.messages):
        if message.role == "assistant" and message.content:
            yield index, message.content
