"""Which model fills which role: settings read from environment variables, checked before anything is asked.

GEM_MODEL, GEM_BASE_URL, GEM_API_KEY … serve filter, teacher and judge at once; GEM_TEACHER_MODEL … override
one role. Does not belong here: talking to a model.
"""

import difflib
from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError

from gem_assets.llm.sampling import OTHER_SAMPLING, Sampling
from gem_assets.records.base import Record

Role = Literal[
    "filter",
    "teacher",
    "judge",
    "judge_2",
    "judge_3",
    "judge_4",
    "judge_5",
    "synthesizer",
    "policy",
    "user_simulator",
]
SHARED_ROLES: tuple[Role, ...] = ("filter", "teacher", "judge")
PANEL_ROLES: tuple[Role, ...] = ("judge", "judge_2", "judge_3", "judge_4", "judge_5")
"""A panel of judges: the first is always there, each other one where its model is set."""
OFFLINE_MODEL = "offline/procedural"
SHORTEST_SECRET = 12

# Prefixes by which litellm knows a provider, as far as one would use them together with a base URL. Anything
# else in front of a slash (Qwen/Qwen3-8B) belongs to the name under which an own server serves the model.
# fmt: off
PROVIDERS = frozenset((
    "anthropic", "azure", "azure_ai", "bedrock", "cerebras", "cohere", "custom_openai", "dashscope",
    "databricks", "deepinfra", "deepseek", "fireworks_ai", "gemini", "groq", "hosted_vllm", "huggingface",
    "litellm_proxy", "llamafile", "lm_studio", "mistral", "nebius", "novita", "nvidia_nim", "ollama",
    "ollama_chat", "openai", "openai_like", "openrouter", "perplexity", "replicate", "sagemaker", "sambanova",
    "together_ai", "vertex_ai", "volcengine", "watsonx", "xai", "xinference",
))
# fmt: on


class ConfigurationError(ValueError):
    """A setting is missing or wrong: one sentence that names the variable."""


class RoleSettings(Record):
    """The model of one role. A sampling field left None takes what a request asks for."""

    role: Role
    model: str
    base_url: str | None = None
    api_key: SecretStr | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    """The most an answer may take, over all tasks of the role."""
    timeout_seconds: float = Field(default=600, gt=0, allow_inf_nan=False)
    """For a whole answer: 20480 tokens at the 35 per second of a busy server."""
    concurrency: int = Field(default=64, ge=1)
    """The most calls in flight at the model, over all processes of the machine."""
    rpm: int | None = Field(default=None, ge=1)
    """Requests a minute, over all processes of the machine."""
    tpm: int | None = Field(default=None, ge=1)
    """Tokens a minute, in and out, over all processes of the machine."""
    input_price: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """US dollars per million tokens, as are all prices; None is what litellm's table says."""
    output_price: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    fallback: str | None = None
    """The model to ask where a prompt is too long for the first one, at the same server or provider."""
    fallback_input_price: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    fallback_output_price: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    batch_input_price: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """What the batch interface takes; no part of the full price is assumed."""
    batch_output_price: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    fallback_batch_input_price: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    fallback_batch_output_price: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    batch: bool = False
    """Ask through the provider's batch interface: at batch price, within a day."""
    variables: Mapping[str, str] = {}
    """Field -> environment variable that set it, or that would."""

    @property
    def is_offline(self) -> bool:
        """True for the procedural baseline generator."""
        return self.model == OFFLINE_MODEL

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be taken out of texts that are shown; `EMPTY`, as local servers want it, is no secret."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        return (key,) if len(key) >= SHORTEST_SECRET else ()

    @property
    def pool(self) -> str:
        """Name what calls crowd at: roles that ask the same model at the same server share its limits."""
        return f"{self.model} at {self.base_url or 'its provider'}"

    @property
    def identity(self) -> str:
        """Model and sampling, where no stage asks."""
        return self.identity_for(OTHER_SAMPLING)

    def identity_for(self, default: Sampling) -> str:
        """Model and sampling, without server, key and timeouts: what shapes answers to a stage's requests."""
        drawn = self.sampling(default)
        fields = ("temperature", "top_p", "max_tokens_ceiling")
        parts = [f"{field}={getattr(drawn, field)}" for field in fields]
        chosen = {"reasoning_effort": self.reasoning_effort, "fallback": self.fallback}
        parts += [f"{name}={value}" for name, value in chosen.items() if value]
        return " ".join([self.model, *parts])

    def sampling(self, default: Sampling = OTHER_SAMPLING) -> Sampling:
        """What a request asks for, with what this role overrides."""
        ceiling = self.max_tokens or default.max_tokens_ceiling
        return Sampling(
            temperature=default.temperature if self.temperature is None else self.temperature,
            top_p=default.top_p if self.top_p is None else self.top_p,
            max_tokens=min(default.max_tokens, ceiling),
            max_tokens_ceiling=ceiling,
        )

    def variable(self, field: str) -> str:
        """Name the environment variable behind a field, for sentences that say what to change."""
        return self.variables.get(field, f"GEM_{field.upper()}")


FIELDS = tuple(name for name in RoleSettings.model_fields if name not in ("role", "variables"))


def read_role(role: Role, environment: Mapping[str, str]) -> RoleSettings:
    """Read one role's settings; raise ConfigurationError, which names the variable at fault."""
    _refuse_misspelled(role, environment)
    shared = role in SHARED_ROLES or role in PANEL_ROLES
    variables = {field: _variable(role, field, environment, shared) for field in FIELDS}
    given = {field: environment.get(name, "").strip() for field, name in variables.items()}
    given = {field: value for field, value in given.items() if value}
    own_model = bool(environment.get(f"GEM_{role.upper()}_MODEL", "").strip())
    if "model" not in given or (role in PANEL_ROLES[1:] and not own_model):
        if role not in SHARED_ROLES:
            raise ConfigurationError(
                f"no model is set for the role {role}: set GEM_{role.upper()}_MODEL, and "
                f"GEM_{role.upper()}_BASE_URL for a server of your own"
            )
        given["model"] = OFFLINE_MODEL
    if shared and not _key_belongs(variables, given, environment):
        given.pop("api_key", None)
        variables["api_key"] = f"GEM_{role.upper()}_API_KEY"
    if "base_url" in given:
        _check_url(variables["base_url"], given["base_url"])
    given["model"] = _resolve(variables["model"], role, given["model"], given.get("base_url"))
    if "fallback" in given:
        given["fallback"] = _resolve_fallback(variables["fallback"], given)
    return _build(role, given, variables)


def read_panel(environment: Mapping[str, str]) -> tuple[RoleSettings, ...]:
    """Read every judge that is set, the first one first; more than one vote.

    Raises:
        ConfigurationError: a variable is wrong, a judge is named without a model, or is none that can judge.
    """
    first = read_role("judge", environment)
    others: list[RoleSettings] = []
    for role in PANEL_ROLES[1:]:
        if any(environment.get(f"GEM_{role.upper()}_{field.upper()}", "").strip() for field in FIELDS):
            others.append(read_role(role, environment))
    if others and (first.is_offline or any(judge.is_offline for judge in others)):
        raise ConfigurationError(
            f"{OFFLINE_MODEL} cannot vote: set GEM_JUDGE_MODEL (or GEM_MODEL) and every GEM_JUDGE_N_MODEL "
            "to a model"
        )
    return (first, *others)


def _build(role: Role, given: Mapping[str, str], variables: Mapping[str, str]) -> RoleSettings:
    try:
        return RoleSettings.model_validate({**given, "role": role, "variables": variables})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = variables[str(first["loc"][0])]
    # Outside the handler, so that no chained error carries the values.
    raise ConfigurationError(f"{name} cannot be used: {first['msg'].lower()}")


def _variable(role: Role, field: str, environment: Mapping[str, str], shared: bool) -> str:
    own, common = f"GEM_{role.upper()}_{field.upper()}", f"GEM_{field.upper()}"
    return common if shared and not environment.get(own, "").strip() else own


def _key_belongs(
    variables: Mapping[str, str], given: Mapping[str, str], environment: Mapping[str, str]
) -> bool:
    """Keep GEM_API_KEY from a server or provider that it was not given for."""
    if variables["api_key"] != "GEM_API_KEY":
        return True
    if variables["base_url"] != "GEM_BASE_URL":
        return given.get("base_url") == environment.get("GEM_BASE_URL", "").strip()
    common = environment.get("GEM_MODEL", "").strip()
    if variables["model"] == "GEM_MODEL" or "base_url" in given or not common:
        return True
    return _provider(given["model"]) == _provider(common)


def _provider(model: str) -> str:
    return model.partition("/")[0] if "/" in model else ""


def _check_url(variable: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable:
        raise ConfigurationError(f"{variable} is no address: write it like http://127.0.0.1:8000/v1")
    if parts.username or parts.password or parts.query:
        raise ConfigurationError(
            f"{variable} holds a login or a query, which would be written into logs and tables: "
            f"give the plain address, and the key in {variable.replace('BASE_URL', 'API_KEY')}"
        )


def _resolve(variable: str, role: Role, model: str, base_url: str | None) -> str:
    if model == OFFLINE_MODEL:
        if role not in SHARED_ROLES:
            raise ConfigurationError(f"{variable} names {OFFLINE_MODEL}, which cannot serve as {role}")
        return model
    if _provider(model) == "offline":
        raise ConfigurationError(f"{variable} names {model}: the only offline generator is {OFFLINE_MODEL}")
    if base_url and _provider(model) not in PROVIDERS:
        # The cheapest of litellm's ways to an OpenAI-compatible server, whichever server it is.
        return f"hosted_vllm/{model}"
    return model


def _resolve_fallback(variable: str, given: Mapping[str, str]) -> str:
    """The fallback is asked with the role's key, so it has to be where the role's model is."""
    fallback = given["fallback"]
    if given["model"] == OFFLINE_MODEL or _provider(fallback) == "offline":
        raise ConfigurationError(f"{variable} cannot be used with {OFFLINE_MODEL}, which takes any length")
    if given.get("base_url") and _provider(fallback) not in PROVIDERS:
        fallback = f"hosted_vllm/{fallback}"
    if _provider(fallback) != _provider(given["model"]):
        raise ConfigurationError(
            f"{variable} names {fallback}, which is not served where {given['model']} is: the key would "
            "go to another provider"
        )
    return fallback


def _refuse_misspelled(role: Role, environment: Mapping[str, str]) -> None:
    own = [f"GEM_{role.upper()}_{field.upper()}" for field in FIELDS]
    common = [f"GEM_{field.upper()}" for field in FIELDS] if role in (*SHARED_ROLES, *PANEL_ROLES) else []
    others = {f"GEM_{name.upper()}_{field.upper()}" for name in get_args(Role) for field in FIELDS}
    for name in sorted({name for name in environment if name.startswith("GEM_")} - {*own, *common, *others}):
        near = difflib.get_close_matches(name, [*own, *common], n=1, cutoff=0.9)
        if near:
            raise ConfigurationError(f"{name} is no setting: {near[0]} is meant, it seems")
