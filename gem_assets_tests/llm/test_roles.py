import pytest

from gem_assets.llm.provider import load_litellm
from gem_assets.llm.roles import PROVIDERS, SHARED_ROLES, ConfigurationError, read_role
from gem_assets.llm.sampling import Sampling
from gem_assets.stages.catalog import STAGES

KEY = "sk-planted-0123456789abcdef"


@pytest.mark.parametrize("role", SHARED_ROLES)
def test_nothing_set_is_the_offline_generator(role):
    settings = read_role(role, {"PATH": "/bin", "GEM_HOME": "/data", "GEM_MODEL": "", "GEM_API_KEY": " "})
    assert settings.is_offline
    assert settings.model == "offline/procedural"


@pytest.mark.parametrize("role", ["synthesizer", "policy"])
def test_a_role_without_a_default_says_which_variable_to_set(role):
    with pytest.raises(ConfigurationError, match=f"GEM_{role.upper()}_MODEL"):
        read_role(role, {"GEM_MODEL": "gpt-4o"})


def test_shared_variables_serve_three_roles_and_own_ones_override_one():
    environment = {
        "GEM_MODEL": "Qwen3-8B",
        "GEM_BASE_URL": "http://127.0.0.1:8000/v1",
        "GEM_TEMPERATURE": "0.5",
        "GEM_TEACHER_MODEL": "GLM-4.6",
        "GEM_TEACHER_BASE_URL": "http://127.0.0.1:9000/v1",
        "GEM_JUDGE_TEMPERATURE": "0",
        "GEM_JUDGE_CONCURRENCY": "4",
    }
    read = {role: read_role(role, environment) for role in SHARED_ROLES}
    assert [settings.model for settings in read.values()] == [
        "hosted_vllm/Qwen3-8B",
        "hosted_vllm/GLM-4.6",
        "hosted_vllm/Qwen3-8B",
    ]
    assert read["teacher"].base_url == "http://127.0.0.1:9000/v1"
    assert [settings.temperature for settings in read.values()] == [0.5, 0.5, 0.0]
    assert [settings.concurrency for settings in read.values()] == [64, 64, 4]
    assert read["teacher"].variable("base_url") == "GEM_TEACHER_BASE_URL"
    assert read["teacher"].variable("temperature") == "GEM_TEMPERATURE"


def test_shared_variables_do_not_reach_synthesizer_and_policy():
    environment = {
        "GEM_POLICY_MODEL": "gpt-4o",
        "GEM_BASE_URL": "http://127.0.0.1:8000/v1",
        "GEM_API_KEY": KEY,
    }
    settings = read_role("policy", environment)
    assert (settings.model, settings.base_url, settings.api_key) == ("gpt-4o", None, None)


@pytest.mark.parametrize(
    ("model", "base_url", "resolved"),
    [
        ("Qwen3-8B", "http://127.0.0.1:8000/v1", "hosted_vllm/Qwen3-8B"),
        ("Qwen/Qwen3-8B", "http://127.0.0.1:8000/v1", "hosted_vllm/Qwen/Qwen3-8B"),
        ("openai/gpt-4o", "http://127.0.0.1:8000/v1", "openai/gpt-4o"),
        ("hosted_vllm/Qwen/Qwen3-8B", "http://127.0.0.1:8000/v1", "hosted_vllm/Qwen/Qwen3-8B"),
        ("gpt-4o", "", "gpt-4o"),
        ("anthropic/claude-sonnet-4-5", "", "anthropic/claude-sonnet-4-5"),
    ],
)
def test_a_bare_name_at_an_address_is_served_the_openai_way(model, base_url, resolved):
    assert read_role("filter", {"GEM_MODEL": model, "GEM_BASE_URL": base_url}).model == resolved


def test_the_known_providers_are_providers_of_litellm():
    known = {str(getattr(provider, "value", provider)) for provider in load_litellm().provider_list}
    assert known >= PROVIDERS


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GEM_BASE_URL", "localhost:8000"),
        ("GEM_BASE_URL", "ftp://host/v1"),
        ("GEM_BASE_URL", "http://[::1/v1"),
        ("GEM_BASE_URL", "http://host:99999/v1"),
        ("GEM_BASE_URL", f"http://me:{KEY}@host/v1"),
        ("GEM_BASE_URL", f"http://host/v1?key={KEY}"),
        ("GEM_TEMPERATURE", "warm"),
        ("GEM_TEMPERATURE", "-1"),
        ("GEM_FILTER_TOP_P", "0"),
        ("GEM_MAX_TOKENS", "1.5"),
        ("GEM_TIMEOUT_SECONDS", "0"),
        ("GEM_TIMEOUT_SECONDS", "nan"),
        ("GEM_FILTER_CONCURRENCY", "0"),
        ("GEM_FILTER_MODEL", "offline/something"),
        ("GEM_REASONING_EFFORT", "much"),
        ("GEM_INPUT_PRICE", "-1"),
        ("GEM_RPM", "0"),
        ("GEM_FALLBACK", "offline/procedural"),
        ("GEM_FALLBACK", "anthropic/claude-sonnet-4-5"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_by_its_variable(variable, value):
    with pytest.raises(ConfigurationError, match=variable) as caught:
        read_role("filter", {"GEM_MODEL": "m", variable: value})
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("GEM_TEACHER_TEMPERTURE", "GEM_TEACHER_TEMPERATURE"), ("GEM_BASEURL", "GEM_BASE_URL")],
)
def test_a_misspelled_variable_is_an_error_that_names_the_right_one(wrong, meant):
    with pytest.raises(ConfigurationError, match=f"{wrong} is no setting: {meant}"):
        read_role("teacher", {wrong: "0.2"})


def test_other_variables_are_let_alone():
    names = (
        "GEM_HOME",
        "GEM_PROMPTS",
        "GEM_MAX_FAILED",
        "GEM_JUDGE_SAMPLES",
        "GEM_POLICY_MODEL",
        "PATH",
        "A",
    )
    assert read_role("judge", dict.fromkeys(names, "3")).is_offline


def test_the_offline_generator_is_no_policy():
    with pytest.raises(ConfigurationError, match="GEM_POLICY_MODEL"):
        read_role("policy", {"GEM_POLICY_MODEL": "offline/procedural"})


def test_the_key_stays_out_of_every_representation():
    settings = read_role("filter", {"GEM_MODEL": "m", "GEM_API_KEY": KEY})
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == KEY
    assert KEY not in repr(settings) + str(settings) + settings.model_dump_json() + settings.identity


@pytest.mark.parametrize(
    ("override", "inherited"),
    [
        ({}, True),
        ({"GEM_FILTER_TEMPERATURE": "0"}, True),
        ({"GEM_FILTER_MODEL": "gpt-4o-mini"}, True),
        ({"GEM_FILTER_MODEL": "anthropic/claude-sonnet-4-5"}, False),
        ({"GEM_FILTER_MODEL": "m", "GEM_FILTER_BASE_URL": "http://127.0.0.1:8000/v1"}, False),
    ],
)
def test_a_key_goes_only_where_it_was_given_for(override, inherited):
    settings = read_role("filter", {"GEM_MODEL": "gpt-4o", "GEM_API_KEY": KEY, **override})
    assert (settings.api_key is not None) == inherited
    assert settings.variable("api_key") == ("GEM_API_KEY" if inherited else "GEM_FILTER_API_KEY")


def test_every_stage_has_its_sampling_and_variables_override_it():
    settings = read_role("teacher", {"GEM_MODEL": "m"})
    asking = {stage.prompts[0]: stage for stage in STAGES if stage.role}
    drawn = {prompt: settings.sampling(stage.sampling).temperature for prompt, stage in asking.items()}
    assert drawn == {
        "filter_document": 0.2,
        "extract_workflows": 0.2,
        "generate_trajectory": 0.7,
        "refine_trajectory": 0.4,
        "judge_trajectory": 0.2,
        "synthesize_trajectory": 0.7,
    }
    changed = read_role(
        "teacher", {"GEM_MODEL": "m", "GEM_TEACHER_TEMPERATURE": "0", "GEM_MAX_TOKENS": "100"}
    )
    sampling = changed.sampling(Sampling(temperature=0.7))
    assert (sampling.temperature, sampling.top_p) == (0.0, 0.95)
    assert (sampling.max_tokens, sampling.max_tokens_ceiling) == (100, 100)


def test_identity_is_what_shapes_answers():
    base = {"GEM_MODEL": "m", "GEM_BASE_URL": "http://127.0.0.1:8000/v1", "GEM_API_KEY": KEY}
    identity = read_role("teacher", base).identity
    same = {"GEM_BASE_URL": "http://127.0.0.1:9000/v1", "GEM_API_KEY": "other", "GEM_CONCURRENCY": "2"}
    assert read_role("teacher", base | same).identity == identity
    for variable, value in {"GEM_MODEL": "n", "GEM_TOP_P": "0.5", "GEM_MAX_TOKENS": "9"}.items():
        assert read_role("teacher", base | {variable: value}).identity != identity
    assert "temperature=0.7" in identity


def test_a_sampling_has_an_identity_of_its_own():
    base = {"GEM_MODEL": "m", "GEM_BASE_URL": "http://127.0.0.1:8000/v1"}
    settings = read_role("teacher", base)
    cold, warm = Sampling(temperature=0.2), Sampling(temperature=0.4)
    assert settings.identity_for(cold) != settings.identity_for(warm)
    for variable, value in {"GEM_REASONING_EFFORT": "low", "GEM_FALLBACK": "larger"}.items():
        changed = read_role("teacher", base | {variable: value})
        assert changed.identity_for(cold) != settings.identity_for(cold)


def test_roles_that_ask_the_same_model_at_the_same_server_share_a_pool():
    base = {"GEM_MODEL": "m", "GEM_BASE_URL": "http://127.0.0.1:8000/v1", "GEM_JUDGE_MODEL": "n"}
    pools = [read_role(role, base).pool for role in SHARED_ROLES]
    assert pools[0] == pools[1] != pools[2]
