"""The environment is parsed once; what a run was configured with is what it gets."""

from pathlib import Path

import pytest

from gem_assets.configuration import WatchedFolder, read_configuration
from gem_assets.llm.roles import ConfigurationError
from gem_assets.prompts.prompt import Prompt
from gem_assets.settings import CHECKOUT, SettingsError

KEY = "sk-planted-0123456789abcdef"


def test_without_any_variable_nothing_is_chosen():
    found = read_configuration({})
    assert found.home.root == CHECKOUT / ".gem"
    assert (found.ui_port, found.report_port, found.owner) == (3000, 3001, "team:gem_assets")
    assert (found.settings.prompts, found.tokenizer, found.watched) == (None, None, None)
    assert (found.train_python, found.bfcl_python, found.tau2_python, found.tau2_checkout) == (None,) * 4
    assert all(found.models.role(role).is_offline for role in ("filter", "teacher", "judge"))
    assert found.models.budget("run").caps == ()


def test_each_variable_is_one_typed_value(tmp_path: Path):
    found = read_configuration(
        {
            "GEM_PROMPTS": str(tmp_path),
            "GEM_TOKENIZER": "/models/tokenizer.json",
            "GEM_TRAIN_PYTHON": "~/python",
            "GEM_BFCL_PYTHON": "/bfcl",
            "GEM_TAU2_PYTHON": "/tau2",
            "GEM_TAU2_CHECKOUT": "/checkout",
            "GEM_UI_PORT": "4000",
            "GEM_REPORT_PORT": "4001",
            "GEM_OWNER": "team:mine",
            "GEM_WATCH": "manuals=/srv/manuals",
            "GEM_MODEL": "openai/a",
            "GEM_MAX_COST": "2",
        }
    )
    assert found.settings.prompts == tmp_path
    assert [str(path) for path in (found.tokenizer, found.train_python, found.bfcl_python)] == [
        *("/models/tokenizer.json", "~/python", "/bfcl")
    ]
    assert (found.tau2_python, found.tau2_checkout) == (Path("/tau2"), Path("/checkout"))
    assert (found.ui_port, found.report_port, found.owner) == (4000, 4001, "team:mine")
    assert found.watched == WatchedFolder("manuals", Path("/srv/manuals"))
    assert found.models.role("teacher").model == "openai/a"
    assert found.models.budget("run").caps[0].most == 2


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", "3 000"])
@pytest.mark.parametrize("variable", ["GEM_UI_PORT", "GEM_REPORT_PORT"])
def test_what_is_no_port_is_told_with_its_variable(variable: str, value: str):
    with pytest.raises(SettingsError, match=f"{variable}={value}"):
        read_configuration({variable: value})


def test_a_directory_of_prompts_that_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"GEM_PROMPTS=.*nowhere cannot be used"):
        read_configuration({"GEM_PROMPTS": str(tmp_path / "nowhere")})


def test_a_cap_that_is_no_amount_is_an_error():
    with pytest.raises(ConfigurationError, match="GEM_MAX_COST=much is no amount"):
        read_configuration({"GEM_MAX_COST": "much"})


def test_a_role_that_cannot_be_used_is_an_error_when_it_is_asked_for_and_every_time():
    found = read_configuration({"GEM_JUDGE_TOP_P": "2"})
    assert found.models.role("teacher").is_offline
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="GEM_JUDGE_TOP_P"):
            found.models.role("judge")
        with pytest.raises(ConfigurationError, match="GEM_JUDGE_TOP_P"):
            found.models.panel()
        with pytest.raises(ConfigurationError, match="GEM_SYNTHESIZER_MODEL"):
            found.models.role("synthesizer")


def test_other_models_change_roles_and_budgets_and_nothing_else():
    given = {"GEM_MODEL": "openai/a", "GEM_MAX_FAILED": "0.5", "GEM_UI_PORT": "4000", "PATH": "/bin"}
    before = read_configuration(given)
    after = before.with_models({"GEM_JUDGE_MODEL": "openai/b", "GEM_RUN_BUDGET": "1"})
    assert [after.models.role(role).model for role in ("teacher", "judge")] == ["openai/a", "openai/b"]
    assert after.models.budget("run").caps[0].most == 1
    assert (after.settings, after.ui_port) == (before.settings, before.ui_port)
    assert before.models.role("judge").model == "openai/a"
    # A process that is started with it is configured alike.
    assert read_configuration(after.child_environment) == after


def test_a_child_works_in_the_same_home_wherever_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    found = read_configuration({"GEM_HOME": "here"})
    assert found.child_environment["GEM_HOME"] == str(tmp_path / "here")


def test_no_key_is_shown():
    assert KEY not in repr(read_configuration({"GEM_API_KEY": KEY, "OPENAI_API_KEY": KEY}))


def test_a_prompt_of_ones_own_replaces_the_one_of_its_name_and_no_other(tmp_path: Path):
    (tmp_path / "filter_document.md").write_text("Mine: $document")
    assert Prompt.load("filter_document", tmp_path).text == "Mine: $document"
    assert Prompt.load("filter_document", None).text != "Mine: $document"
    other = Prompt.load("judge_trajectory", tmp_path)
    assert other.version == Prompt.load("judge_trajectory", None).version
    assert other.beside("filter_document").text == "Mine: $document"
