"""What a user types: exit codes, one sentence for each mistake, the same tables from any directory.

In this process, but for the one mistake that shows what the process itself makes of them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gem_assets.cli import main

CORPUS = Path(__file__).parents[1] / "gem_assets" / "sample_corpus"


@pytest.fixture
def gem(home, tmp_path, monkeypatch):
    def call(*arguments, cwd=tmp_path, **variables):
        monkeypatch.chdir(cwd)
        return CliRunner().invoke(
            main, list(map(str, arguments)), env={"GEM_HOME": str(home.root)} | variables
        )

    return call


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        (["ingest", "nowhere.jsonl", "--corpus", "demo"], {}, "nowhere.jsonl does not exist"),
        (["ingest", str(CORPUS), "--corpus", "../up"], {}, "cannot name a corpus"),
        (["run"], {}, "nothing was ingested yet"),
        (["run", "--until", "nothing"], {}, "nothing was ingested yet"),
        (["stale"], {"GEM_MAX_FAILED": "lots"}, "GEM_MAX_FAILED=lots"),
        (["try", "no-such-file"], {}, "neither a file nor the id"),
        (["audit", "0123456789"], {}, "0123456789"),
        (["sql", "FROM stage_runs"], {}, "there is no warehouse"),
        (["sql", "--live", "FROM nothing_of_the_kind"], {}, "nothing_of_the_kind"),
        (["try", str(CORPUS)], {"GEM_MODEL": "gpt", "GEM_BASE_URL": "not a url"}, "GEM_BASE_URL"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(gem, arguments, variables, told):
    done = gem(*arguments, **variables)
    assert done.exit_code == 2, done.output
    assert told in done.stderr
    assert "Traceback" not in done.output


def test_a_process_ends_with_one_sentence_and_exit_code_2(tmp_path):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GEM_")}
    done = subprocess.run(
        [sys.executable, "-m", "gem_assets.cli", "run"],
        cwd=tmp_path,
        env=environment | {"GEM_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert done.stderr == "gem: nothing was ingested yet: `gem ingest PATH --corpus NAME`\n"


def test_an_unknown_shard_or_asset_is_named(gem):
    assert gem("ingest", CORPUS, "--corpus", "demo").exit_code == 0
    for arguments, told in ((["--shard", "demo-00099"], "demo-00099"), (["--until", "poems"], "poems")):
        done = gem("run", *arguments)
        assert done.exit_code == 2
        assert told in done.stderr


def test_ingesting_twice_adds_nothing_and_any_directory_finds_the_same(gem, tmp_path):
    first = gem("ingest", CORPUS, "--corpus", "demo", "--shard-size", "20")
    assert "52 rows accepted, 0 refused, 0 blank; 3 new shards" in first.stdout
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    second = gem("ingest", CORPUS, "--corpus", "demo", cwd=elsewhere)
    assert "0 new shards" in second.stdout
    assert "demo-00002" in gem("stale", cwd=elsewhere).stdout
    assert list(elsewhere.iterdir()) == []


def test_broken_rows_are_refused_with_their_place_and_the_rest_goes_on(gem, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "First open the app. Then press start."}\nnot json\n{"title": "no text"}\n\n')
    done = gem("ingest", rows, "--corpus", "rows")
    assert done.exit_code == 0
    assert "1 rows accepted, 2 refused, 1 blank" in done.stdout
    assert "rows.jsonl, line 2" in done.stderr
    assert "rows.jsonl, line 3" in done.stderr


def test_trying_a_document_tells_each_outcome_and_its_cost(gem):
    done = gem("try", CORPUS / "hospital-stay-claim.md")
    assert done.exit_code == 0, done.stderr
    assert "procedural_documents" in done.stdout
    assert "cost $0.0000" in done.stdout
