"""The fields of a step: what its own words, the sentences around it and the items below it ask for.

Does not belong here: what the step does (`actions.py`), schemas (`parameters.py`).
"""

import re
from dataclasses import replace

from gem_assets.offline.text.blocks import Block, Sentence, sentences
from gem_assets.offline.text.lexicon import in_group, verb_class, verb_lemmas
from gem_assets.offline.text.limits import names, read_limits
from gem_assets.offline.text.nouns import is_nameable, name_of
from gem_assets.offline.text.parameters import (
    Bounds,
    Parameter,
    clean_phrase,
    counted_things,
    is_numeric,
    qualify,
    read_fields,
    read_options,
    to_schema,
)
from gem_assets.offline.text.steps import Section, Step

MAX_PARAMETERS = 8

_OPERATIONS = ("create", "change", "remove", "send", "set", "run", "read")
_LABEL = re.compile(r"⟦([^⟧]{2,40})⟧")
_FOLLOWING = re.compile(r"^(?:in |out )?(?:the )?(?:following|these)(?: \w+){0,3}:\s*", re.IGNORECASE)
_WITH = re.compile(r"\bwith (?:your |the |a |an )?(?P<fields>[^.;:]{3,120})$", re.IGNORECASE)
_LABEL_RANGE = re.compile(
    r"⟦(?P<label>[A-Z][^⟧]{2,30})⟧\s+(?:(?:runs?|ranges?|can be|may be|is|goes|lies)\s+|(?=from |between "
    r"))(?P<note>[^⟦.;]{3,80})"
)


def fields_of(step: Step, section: Section, group: str) -> tuple[Parameter, ...]:
    """Return what a step asks for; `group` is the class of its verb."""
    rest = step.instruction.rest.rstrip(" .")
    fields: tuple[Parameter, ...] = ()
    if group in ("input", "choose", "set") or step.instruction.verb == "explain":
        fields = _named_fields(rest, group)
    elif ": " in rest and group == "create":
        fields = read_fields(rest.split(": ", 1)[1])
    elif _WITH.search(rest) and group in ("create", "run", "send"):
        fields = tuple(f for f in read_fields(_WITH.search(rest)["fields"]) if is_field(f))  # type: ignore[index]
    elif group == "create":
        fields = tuple(f for f in [counted_things(rest)] if f)
    if group == "set" and not fields:
        fields = tuple(p for s in sentences(section.blocks[step.block].raw) for p in labelled(s))
    children = _children(section, step.block) if step.sentence.raw.rstrip().endswith(":") else ()
    if children:
        fields = _from_children(children, rest, group)
    return tuple(f for f in fields if is_field(f))


def is_field(parameter: Parameter) -> bool:
    """Say whether a parameter is something one can be asked for, not a part of the screen."""
    head = parameter.name.rsplit("_", 1)[-1]
    return not in_group("screen", head) and is_nameable(parameter.name) and 1 < len(parameter.name) < 36


def _named_fields(rest: str, group: str) -> tuple[Parameter, ...]:
    why = re.match(r"(?:in (?:at most|no more than|up to) [\w,]+ \w+ )?why\b", rest)
    if why:
        return (qualify(Parameter("reason", "reason"), rest),)
    before, colon, after = rest.partition(": ")
    choices = read_options(after) if colon and not _FOLLOWING.match(rest) else ()
    if len(choices) > 1 and name_of(before) and all(choice[:1].isupper() for choice in choices):
        return _last_with(before, choices)
    if (colon and _FOLLOWING.match(rest)) or (colon and group == "input"):
        own = (
            read_fields(before) if not _FOLLOWING.match(rest) and not re.search(r"following", before) else ()
        )
        return own if len(own) > 1 else read_fields(after)
    if colon:
        name, options = name_of(before), read_options(after)
        if options and name and re.search(r",| and ", before):
            return _last_with(before, options)
        return (
            (qualify(Parameter(name, clean_phrase(before), options), "" if options else after),)
            if name
            else ()
        )
    if group == "choose" and _LABEL.match(rest.removeprefix("either ")):
        return ()
    if group == "set":
        value = re.match(r"(?P<what>.+?) to (?P<value>.+)$", rest)
        what = value["what"] if value else rest
        name = name_of(what)
        return (
            (qualify(Parameter(name, clean_phrase(what)), rest),)
            if is_nameable(name) and not in_group("generic", name)
            else ()
        )
    return read_fields(
        re.sub(
            r"^(?:in|out|from|for|whether) ",
            "",
            re.split(r" (?:exactly|as printed|so that|because|, so)\b", rest)[0],
        )
    )


def _last_with(before: str, options: tuple[str, ...]) -> tuple[Parameter, ...]:
    """Give the options after a colon to the last of the fields before it."""
    listed = read_fields(before) if re.search(r",| and ", before) else ()
    last = listed[-1] if len(listed) > 1 else Parameter(name_of(before), clean_phrase(before))
    return (*listed[:-1], replace(last, options=options, bounds=Bounds()))


def _children(section: Section, index: int) -> tuple[Block, ...]:
    parent = section.blocks[index]
    found: list[Block] = []
    for block in section.blocks[index + 1 :]:
        if block.kind != "item" or (parent.kind == "item" and block.level <= parent.level):
            break
        found.append(block)
    return tuple(found[:10])


def _from_children(children: tuple[Block, ...], rest: str, group: str) -> tuple[Parameter, ...]:
    if group == "choose":
        options = tuple(dict.fromkeys(o for block in children if (o := _child_option(block))))
        name = name_of(rest.rstrip(":")) or "choice"
        return (Parameter(name, clean_phrase(rest.rstrip(":")), options),) if 2 <= len(options) <= 12 else ()
    fields: tuple[Parameter, ...] = ()
    for block in children:
        fields = merge(fields, read_fields(sentences(block.raw)[0].marked.split(" - ")[0]))
    return fields


def _child_option(block: Block) -> str:
    marked = sentences(block.raw)[0].marked
    label = _LABEL.match(marked)
    text = label[1] if label else re.split(r"[,.;:(–]| - ", marked)[0]
    return text.strip() if 1 < len(text.strip()) <= 40 and len(text.split()) <= 5 else ""


def labelled(sentence: Sentence) -> tuple[Parameter, ...]:
    """Read `*Speed* runs from 1 to 100, and *Session length* can be 1 hour or 1 day`."""
    found: list[Parameter] = []
    for match in _LABEL_RANGE.finditer(sentence.marked):
        name = name_of(match["label"])
        parameter = qualify(Parameter(name, match["label"]), match["note"])
        if (
            name
            and not participle_verb(match["note"].split()[0])
            and (parameter.options or parameter.bounds != Bounds())
        ):
            found.append(parameter)
    return tuple(found)


def bounded(parameter: Parameter, sentence: str, rivals: list[str]) -> Parameter:
    """Give a parameter the bounds a sentence states about it and none of its rivals, if it has none."""
    if parameter.options or parameter.bounds != Bounds():
        return parameter
    schema = to_schema(parameter)
    if "pattern" in schema:
        return parameter
    for limit in read_limits(sentence):
        kind = "string" if limit.in_characters else "array" if limit.counted else "number"
        own = not limit.conditional and names(limit, parameter.name, {"type": kind}, "", rivals)
        if own and (not limit.counted or parameter.many or is_numeric(parameter)):
            return replace(parameter, bounds=Bounds(limit.low, limit.high, limit.unit))
    return parameter


def participle_verb(word: str) -> str:
    """Return the base form of a participle that names an operation, else ""."""
    return next((lemma for lemma in verb_lemmas(word) if verb_class(lemma) in _OPERATIONS), "")


def merge(first: tuple[Parameter, ...], second: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """Join parameters; of two with one name the one that says more stays."""
    joined: dict[str, Parameter] = {}
    for parameter in (*first, *second):
        known = joined.get(parameter.name)
        if known is None or (not known.options and known.bounds == Bounds()):
            joined[parameter.name] = parameter
    return tuple(joined.values())[:MAX_PARAMETERS]
