"""Every `gem` line of README runs: here on a small home, or in the test that is named."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from gem_assets.cli import main
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets.store.warehouse import build_warehouse

TESTS = Path(__file__).parent
README = (TESTS.parent / "README.md").read_text("utf-8")
FILE = TESTS.parent / "gem_assets" / "sample_corpus" / "hospital-stay-claim.md"
# What takes processes, a model or the trainer's environment, by how the line begins.
ELSEWHERE = {
    "gem run --corpus": "orchestration/test_backfill.py",
    "gem run --limit": "llm/test_secrets.py",
    "gem backfill": "test_rehearsal.py",
    "gem verify": "verification/test_verify_command.py",
    "gem calibrate-judge": "calibration/test_calibration.py",
    "gem itool --smoke": "itool/test_assets.py",
    "gem evaluate": "evaluation/test_evaluate_command.py",
    "gem synthesizer-loop": "training/test_loop.py",
    "gem synthesize ": "training/test_training_commands.py",
    "gem train synthesizer --recipe demo": "training/test_training_commands.py",
    # Eight GPUs: nobody here has run them. The configurations are read.
    "gem train": "training/test_configurations.py",
    "gem itool --campaign qwen3": "itool/test_rounds.py",
}


def lines() -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    commands = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return list(dict.fromkeys(line for line in commands if line.startswith("gem ")))


# The default recipe leaves the sample corpus out, and says so.
EXIT_CODES = {"gem dataset --recipe default": 1}
HERE = [line for line in lines() if not line.startswith(tuple(ELSEWHERE))]


def test_there_are_lines_of_both_kinds():
    assert len(HERE) >= 10
    for beginning, test in ELSEWHERE.items():
        assert any(line.startswith(beginning) for line in lines()), beginning
        assert (TESTS / test).is_file(), test


@pytest.fixture(scope="module")
def home(carried_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(Path(shutil.copytree(carried_once, tmp_path_factory.mktemp("readme") / "home")))
    build_warehouse(home)
    return home


@pytest.fixture
def words(home: Home) -> dict[str, str]:
    """What stands for the names in capitals."""
    with open_live(home, ("validated_trajectories_outcomes",)) as connection:
        query = "SELECT min(record_id) FROM validated_trajectories_outcomes"
        found = connection.execute(query).fetchone()
    assert found
    return {"FILE": str(FILE), "PATH": str(FILE), "ID": found[0], "NAME": "smoke"}


@pytest.mark.parametrize("line", HERE)
def test_a_line_does_what_it_says(
    line: str, home: Home, words: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    arguments = [words.get(word, word).strip('"') for word in re.findall(r'"[^"]*"|\S+', line)[1:]]
    done = CliRunner().invoke(main, arguments, env={"GEM_HOME": str(home.root)})
    assert done.exit_code == EXIT_CODES.get(line, 0), done.output
    assert done.output.strip()
