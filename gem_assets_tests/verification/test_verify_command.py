"""`gem verify FILE` as a user runs it: every format, both profiles, exit codes, the paper's counting."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gem_assets.cli import main
from gem_assets_tests.stages.chain import PROCEDURES, chain
from gem_assets_tests.verification.test_foreign import hermes, openai, sharegpt, trl

FORMATS = {"openai": openai, "sharegpt": sharegpt, "trl": trl, "hermes": hermes}


def ours(name: str = PROCEDURES[0]) -> dict[str, Any]:
    return chain(name).refined.model_dump(mode="json")


def run(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["verify", str(path), *arguments])


def written(folder: Path, *records: Any) -> Path:
    path = folder / "given.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records) + "\n")
    return path


def spread(output: str, name: str) -> list[float]:
    line = next(line for line in output.splitlines() if line.startswith(name))
    return [float(number) for number in re.findall(r"[\d.]+", line.removeprefix(name))]


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_of_others_is_read_counted_and_passes(tmp_path: Path, name: str):
    result = run(written(tmp_path, FORMATS[name](), FORMATS[name]()))
    assert result.exit_code == 0, result.output
    assert result.output.startswith("2 trajectories: 2 pass, 0 have an error")
    assert spread(result.output, "messages (no system)") == [4, 4, 4, 4]
    assert (
        spread(result.output, "distinct tools called") == spread(result.output, "tool calls") == [1, 1, 1, 1]
    )
    assert "no findings" in result.output
    assert "not run, as no source or no declaration is given: violated_constraints (2), " in result.output


@pytest.mark.parametrize("profile", ["gem", "openai"])
def test_our_own_trajectories_pass_under_both_profiles_with_their_source(tmp_path: Path, profile: str):
    records = [ours(name) for name in PROCEDURES]
    result = run(written(tmp_path, *records), "--profile", profile)
    assert result.exit_code == 0, result.output
    counts = [len(record["messages"]) - 1 for record in records]
    mean, _, least, most = spread(result.output, "messages (no system)")
    assert (least, most) == (min(counts), max(counts))
    assert mean == pytest.approx(sum(counts) / len(counts), abs=0.01)
    assert "rules of the system message that stand in the source: " in result.output
    assert "interaction patterns: " in result.output
    assert "not run" not in result.output


def test_our_format_is_held_against_its_source(tmp_path: Path):
    record = ours()
    record["workflow"]["constraints"][0]["sentence"] = "Nobody ever wrote this sentence."
    result = run(written(tmp_path, record))
    assert result.exit_code == 1
    assert "verify_constraint_unsourced (error)" in result.output


@pytest.mark.parametrize("name", FORMATS)
def test_a_defect_rejects_in_each_format_and_the_exit_code_says_so(tmp_path: Path, name: str):
    broken = json.loads(json.dumps(FORMATS[name]()).replace("R-5531?", "of mine?"))
    result = run(written(tmp_path, FORMATS[name](), broken))
    assert result.exit_code == 1
    assert result.output.startswith("2 trajectories: 1 pass, 1 have an error")
    assert re.search(r"^line 2: verify_\w+ \(error\)", result.output, re.MULTILINE)


def test_parallel_calls_pass_elsewhere_and_are_named_by_the_profile_gem(tmp_path: Path):
    record = openai()
    second = {"id": "y", "type": "function", "function": {"name": "get_order", "arguments": "{}"}}
    record["messages"][2]["tool_calls"].append(second)
    record["messages"].insert(4, {"role": "tool", "tool_call_id": "y", "content": "{}"})
    path = written(tmp_path, record)
    assert run(path).exit_code == 0
    strict = run(path, "--profile", "gem")
    assert strict.exit_code == 1
    assert "rule_several_calls (error)" in strict.output


def test_a_limit_shortens_what_is_listed(tmp_path: Path):
    broken = json.loads(json.dumps(openai()).replace("R-5531?", "of mine?"))
    result = run(written(tmp_path, *[broken] * 5), "--limit", "2")
    assert result.output.count("): Message") == 2
    assert "and 3 more (--limit shows more)" in result.output


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no trajectory"),
        ('{"a": 1}', "line 1"),
        (json.dumps(openai()) + "\n" + '{"messages": [{"role": "pope", "content": "x"}]}', "line 2"),
        (json.dumps(openai()) + "\n" + '{"messages": [', "line 2"),
        (json.dumps([openai(), {"a": 1}]), "record 2"),
        (json.dumps(openai()) + "\n[1, 2]", "line 2"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_bad_input_is_one_sentence_with_file_and_line_and_exit_code_2(
    tmp_path: Path, content: str | bytes, told: str
):
    path = tmp_path / "given.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = run(path)
    assert result.exit_code == 2
    assert told in result.output
    assert str(path) in result.output
    assert result.output.startswith("gem: ")
    assert result.output.count("\n") == 1


def test_a_missing_file_and_an_unknown_profile_are_bad_usage(tmp_path: Path):
    assert run(tmp_path / "nowhere.json").exit_code == 2
    assert run(written(tmp_path, openai()), "--profile", "pope").exit_code == 2
