"""Asks each role's model one small question and says what came of it, for `gem doctor`. Not journaled.

Does not belong here: printing.
"""

import asyncio
import json
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gem_assets.llm.answers import read_answer
from gem_assets.llm.buying import stop_sentence
from gem_assets.llm.configuration import ModelConfiguration, UnusableRole
from gem_assets.llm.faults.faults import Drop, Stop, Symptom, classify
from gem_assets.llm.faults.symptoms import read_error
from gem_assets.llm.money.prices import known_price
from gem_assets.llm.provider import Sent, close_sessions, litellm_sender, load_litellm, model_facts
from gem_assets.llm.roles import PANEL_ROLES, SHARED_ROLES, Role, RoleSettings

LONGEST_SECONDS = 60
QUESTION = 'Answer with this JSON object and nothing else: {"answer": "yes"}'
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["yes"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
# Room for a model that thinks first.
MAX_TOKENS = 2048


@dataclass(frozen=True)
class RoleReport:
    """What is known of a role's model. Prices are US dollars per million tokens; None is unknown.

    `ok` is None where nothing was asked because nothing needs to be; `note` then says why.
    """

    role: Role
    model: str | None = None
    base_url: str | None = None
    ok: bool | None = None
    note: str = ""
    """What is wrong, or what there is to know."""
    latency_seconds: float | None = None
    input_price: float | None = None
    output_price: float | None = None
    context_size: int | None = None
    answers_json_schema: bool | None = None


async def examine(
    configuration: ModelConfiguration, longest_seconds: float = LONGEST_SECONDS
) -> list[RoleReport]:
    """Ask every role's model, all at once; settings that cannot be used are reported, not raised."""
    roles: Mapping[Role, RoleSettings | UnusableRole] = {
        role: settings
        for role, settings in configuration.roles.items()
        if not (role in PANEL_ROLES[1:] and isinstance(settings, UnusableRole) and settings.is_unset)
    }
    try:
        examined = (_examine(role, settings, longest_seconds) for role, settings in roles.items())
        return list(await asyncio.gather(*examined))
    finally:
        await close_sessions()


async def _examine(role: Role, settings: RoleSettings | UnusableRole, longest_seconds: float) -> RoleReport:
    if isinstance(settings, UnusableRole):
        needs_none = settings.is_unset and role not in SHARED_ROLES
        return RoleReport(role, ok=None if needs_none else False, note=settings.sentence)
    report = RoleReport(role, settings.model, settings.base_url)
    if settings.is_offline:
        return replace(report, note="needs no model and no key; cannot judge")
    settings = settings.model_copy(update={"timeout_seconds": min(settings.timeout_seconds, longest_seconds)})
    await asyncio.to_thread(load_litellm)  # so that its import does not count as latency
    facts = model_facts(settings.model)
    context = facts.context_size or await asyncio.to_thread(_served_context_size, settings)
    price = known_price(settings, settings.model)
    prices = {"input_price": price.input, "output_price": price.output} if price else {}
    report = replace(report, context_size=context, **prices)
    return await _ask(settings, report)


async def _ask(settings: RoleSettings, report: RoleReport) -> RoleReport:
    """Ask, leaving out what the model does not take."""
    sampling = settings.sampling()
    parameters: dict[str, Any] = {
        "model": settings.model,
        "messages": [{"role": "user", "content": QUESTION}],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": MAX_TOKENS,
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}},
    }
    while True:
        began = time.monotonic()
        outcome = await _try(settings, parameters)
        latency = time.monotonic() - began
        if isinstance(outcome, Sent):
            says_yes = "response_format" in parameters and _is_wanted(outcome.response)
            left_out = sorted({"temperature", "top_p", "max_tokens"} - set(parameters))
            note = f"does not take {', '.join(left_out)}" if left_out else ""
            return replace(report, ok=True, note=note, latency_seconds=latency, answers_json_schema=says_yes)
        verdict = classify(outcome, first_call=True)
        if not isinstance(verdict, Drop) or verdict.parameter not in parameters:
            note = (
                stop_sentence(settings, verdict, outcome) if isinstance(verdict, Stop) else outcome.evidence
            )
            return replace(report, ok=False, note=note, latency_seconds=latency)
        del parameters[verdict.parameter]


async def _try(settings: RoleSettings, parameters: Mapping[str, Any]) -> Sent | Symptom:
    try:
        return await litellm_sender(settings)(parameters)
    except TimeoutError:
        return Symptom("timeout", f"no answer within {settings.timeout_seconds:g} s")
    except Exception as error:
        return read_error(error, settings.secrets)


def _is_wanted(response: Mapping[str, Any]) -> bool:
    try:
        return json.loads(read_answer(response).text) == {"answer": "yes"}
    except ValueError:
        return False


def _served_context_size(settings: RoleSettings) -> int | None:
    """Ask an OpenAI-compatible server for the model's length, which vLLM tells and the standard does not."""
    if not settings.base_url:
        return None
    request = urllib.request.Request(f"{settings.base_url.rstrip('/')}/models")
    if settings.api_key:
        request.add_header("Authorization", f"Bearer {settings.api_key.get_secret_value()}")
    name = settings.model.partition("/")[2]
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            cards = json.load(reply)["data"]
        return next((card.get("max_model_len") for card in cards if card.get("id") == name), None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # the question that follows will tell what is wrong
