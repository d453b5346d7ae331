"""Each format holds what its trainer reads, and all of them render to the same text."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from gem_assets.datasets.build import build_all
from gem_assets.datasets.chat_template import render_chat
from gem_assets.datasets.examples import write_examples
from gem_assets.datasets.export import FORMATS, export_dataset
from gem_assets.datasets.exports.rows import TrainingRow, read_training_rows
from gem_assets.datasets.exports.shapes import llamafactory_shape, swift_shape
from gem_assets.datasets.openai_shape import from_openai
from gem_assets.datasets.recipes import load_recipe
from gem_assets.settings import Settings
from gem_assets.store.home import Home, StoreError
from gem_assets_tests.configured import configured
from gem_assets_tests.datasets.making import recorded

Row = dict[str, Any]


@pytest.fixture(scope="module")
def exported(built_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported")
    for name in FORMATS:
        export_dataset(Home(built_once), "mine", name, out / name)
    return out


def lines(folder: Path, pattern: str = "policy_*.jsonl") -> list[Row]:
    """All rows of the files that match, in the order of their names."""
    return [json.loads(line) for path in sorted(folder.glob(pattern)) for line in path.open(encoding="utf-8")]


def parquet(folder: Path, pattern: str) -> list[Row]:
    rows: list[Row] = []
    for path in sorted(folder.glob(pattern)):
        found = duckdb.sql(f"FROM read_parquet('{path}')")
        rows += [dict(zip(found.columns, values, strict=True)) for values in found.fetchall()]
    return rows


def _openai(folder: Path, task: str) -> list[str]:
    return [render_chat(row["messages"], row.get("tools", [])) for row in lines(folder, f"{task}_*.jsonl")]


def _trl(folder: Path, task: str) -> list[str]:
    return [
        render_chat(_as_arrow(row["messages"]), json.loads(row["tools"]))
        for row in lines(folder, f"{task}_*.jsonl")
    ]


def _axolotl(folder: Path, task: str) -> list[str]:
    return [
        render_chat(row["messages"], json.loads(row.get("tools", "[]")))
        for row in lines(folder, f"{task}_*.jsonl")
    ]


def _swift(folder: Path, task: str) -> list[str]:
    return [
        render_chat(row["messages"], json.loads(row.get("tools", "[]")))
        for row in lines(folder, f"{task}_*.jsonl")
    ]


def _verl(folder: Path, task: str) -> list[str]:
    return [
        render_chat(json.loads(row["messages"]), json.loads(row["tools"]))
        for row in parquet(folder, f"{task}_*.parquet")
    ]


def _hub(folder: Path, task: str) -> list[str]:
    return [
        render_chat(json.loads(row["messages"]), json.loads(row["tools"]))
        for row in parquet(folder / task, "*.parquet")
    ]


def _llamafactory(folder: Path, task: str) -> list[str]:
    """As its template `qwen3_nothink` writes turns that come rendered."""
    texts: list[str] = []
    for row in lines(folder, f"{task}_*.jsonl"):
        tools = json.loads(row["tools"]) if row["tools"] else []
        text = render_chat([{"role": "system", "content": row["system"]}], tools) if row["system"] else ""
        for turn in row["conversations"]:
            said = turn["value"]
            if turn["from"] == "gpt":
                text += f"<|im_start|>assistant\n{said}<|im_end|>\n"
            elif turn["from"] == "human":
                text += f"<|im_start|>user\n{said}<|im_end|>\n"
            else:
                text += f"<|im_start|>user\n<tool_response>\n{said}\n</tool_response><|im_end|>\n"
        texts.append(text)
    return texts


def _as_arrow(messages: list[Row]) -> list[Row]:
    """What a column of structs makes of messages: every key in every one, null where it was not."""
    keys = {key for message in messages for key in message}
    return [{key: message.get(key) for key in keys} for message in messages]


READERS = {
    "openai": _openai, "trl": _trl, "axolotl": _axolotl, "swift": _swift, "verl": _verl, "hub": _hub,
    "llamafactory": _llamafactory,
}  # fmt: skip


@pytest.mark.parametrize("task", ["policy", "synthesizer"])
@pytest.mark.parametrize("name", READERS)
def test_every_format_renders_to_the_same_text(exported: Path, built_once: Path, name: str, task: str):
    rows = read_training_rows(Home(built_once), "mine")
    wanted = [render_chat(row.messages, row.tools) for row in getattr(rows, task)]
    assert len(wanted) == 3
    assert sorted(READERS[name](exported / name, task)) == sorted(wanted)


def test_openai_rows_come_back_as_records(exported: Path, built_once: Path):
    rows = lines(exported / "openai")
    read = [from_openai(row["messages"]) for row in rows]
    assert len(read) == 3
    assert all(recorded(number).messages in read for number in range(3))


def test_openai_rows_keep_to_what_the_interface_takes(exported: Path):
    for row in lines(exported / "openai"):
        assert set(row) == {"messages", "tools", "parallel_tool_calls"}
        for message in row["messages"]:
            assert set(message) <= {"role", "content", "tool_calls", "tool_call_id", "weight"}
            assert "weight" not in message or message["role"] == "assistant"
            for call in message.get("tool_calls", []):
                assert isinstance(call["function"]["arguments"], str)


def _keys_and_types(value: Any) -> Any:
    return {key: type(field).__name__ for key, field in value.items()}


@pytest.mark.parametrize("name", ["trl", "axolotl", "llamafactory", "swift", "verl"])
def test_no_nested_schema_reaches_arrow(exported: Path, name: str):
    folder = exported / name
    rows = parquet(folder, "policy_*.parquet") if name == "verl" else lines(folder)
    assert len({json.dumps(_keys_and_types(row), sort_keys=True) for row in rows}) == 1
    for row in rows:
        assert isinstance(row["tools"], str)
        assert None not in row.values()
        for message in row.get("messages", []) if name != "verl" else ():
            assert isinstance(message["content"], str)


def test_llamafactory_rows_alternate_and_its_info_names_every_file(exported: Path):
    folder = exported / "llamafactory"
    for row in lines(folder):
        roles = [turn["from"] for turn in row["conversations"]]
        assert len(roles) % 2 == 0
        assert set(roles[0::2]) <= {"human", "observation"}
        assert set(roles[1::2]) == {"gpt"}
    info = json.loads((folder / "dataset_info.json").read_text())
    assert {entry["file_name"] for entry in info.values()} == {path.name for path in folder.glob("*.jsonl")}
    for task in ("policy", "synthesizer"):
        config = yaml.safe_load((folder / f"sft_{task}.yaml").read_text())
        assert config["dataset"] == f"{task}_train"
        assert config.get("eval_dataset", f"{task}_validation") in info or "eval_dataset" not in config


@pytest.mark.parametrize("name", ["trl", "axolotl"])
def test_config_stubs_name_files_that_are_there(exported: Path, name: str):
    for task in ("policy", "synthesizer"):
        text = (exported / name / f"sft_{task}.yaml").read_text()
        assert "only with" not in text
        config = yaml.safe_load(text)
        for source in [*config["datasets"], *config.get("test_datasets", [])]:
            named = source.get("data_files") or source["path"]
            assert named.endswith("_train.jsonl") or (exported / name / named).is_file()
        template = config.get("chat_template_path") or config["chat_template_jinja"]
        assert (exported / name / template).is_file()


def _row_with_a_repair() -> TrainingRow:
    call = {"id": "c1", "type": "function", "function": {"name": "a", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "", "tool_calls": [call, call | {"id": "c2"}]},
        {"role": "tool", "content": "1", "tool_call_id": "c1", "name": "a"},
        {"role": "tool", "content": "2", "tool_call_id": "c2", "name": "a"},
        {"role": "assistant", "content": "y"},
    ]
    return TrainingRow("e", "d", "train", messages, [], frozenset({1}))


def test_parallel_results_become_one_turn_where_turns_have_to_alternate():
    turns = llamafactory_shape(_row_with_a_repair())["conversations"]
    assert [turn["from"] for turn in turns] == ["human", "gpt", "observation", "gpt"]
    assert turns[2]["value"] == "1\n</tool_response>\n<tool_response>\n2"


def test_a_repaired_call_has_no_loss_where_the_trainer_allows():
    from gem_assets.datasets.exports.shapes import axolotl_shape, openai_shape, trl_shape

    row = _row_with_a_repair()
    assert [message.get("weight") for message in openai_shape(row)["messages"]] == [None, 0, None, None, None]
    for shape, flag in ((trl_shape, "train"), (axolotl_shape, "train"), (swift_shape, "loss")):
        flags = [message.get(flag) for message in shape(row)["messages"] if message["role"] == "assistant"]
        assert flags == [False, True]
    assert "weight" not in row.messages[1]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _AdpItem(_Closed):
    class_: str
    content: str | None = None
    source: str | None = None
    function: str | None = None
    kwargs: dict[str, Any] | None = None
    description: str | None = None
    tool_call_id: str | None = None


class _AdpTrajectory(_Closed):
    """The protocol's fields, as its schema 1.2.0 lists them."""

    schema_version: str
    id: str
    content: list[_AdpItem]
    details: dict[str, Any]


def test_adp_rows_keep_to_the_protocol(exported: Path):
    rows = lines(exported / "adp")
    assert len(rows) == 3
    for row in rows:
        read = _AdpTrajectory.model_validate(row)
        actions = [item.tool_call_id for item in read.content if item.class_ == "api_action"]
        seen = [item for item in read.content if item.class_ == "text_observation"]
        assert len(set(actions)) == len(actions) > 0
        assert [item.tool_call_id for item in seen if item.tool_call_id] == actions
        assert {item.source for item in seen} == {"user", "environment"}
        assert {item.class_ for item in read.content} == {"api_action", "message_action", "text_observation"}


def test_the_database_holds_the_recipes_tables(exported: Path):
    with duckdb.connect(str(exported / "duckdb" / "mine.duckdb"), read_only=True) as connection:
        names = {name for (name,) in connection.execute("SHOW TABLES").fetchall()}
        assert {"policy_examples", "synthesizer_examples", "trajectory_dataset_outcomes"} <= names
        assert connection.execute("SELECT count(*) FROM policy_examples").fetchall() == [(3,)]


def test_the_card_says_what_was_done(exported: Path):
    card = (exported / "hub" / "README.md").read_text()
    front = yaml.safe_load(card.split("---")[1])
    assert {config["config_name"] for config in front["configs"]} == {"policy", "synthesizer"}
    for config in front["configs"]:
        for entry in config["data_files"]:
            assert list((exported / "hub").glob(entry["path"]))
    told = ("judge_trajectory@", "checked against bfcl-eval", "checked against tau2-bench", "All that was")
    for said in (*told, "16.3", "not stated", "hf upload", "estimate"):
        assert said in card, said
    assert "$" not in card.replace("US dollars", "")


@pytest.mark.parametrize("name", FORMATS)
def test_a_failing_disk_leaves_nothing_behind(built: Home, tmp_path: Path, name: str, monkeypatch):
    out = tmp_path / "out"

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for writer in ("write_splits", "write_json_lines", "write_parquet", "write_database"):
        monkeypatch.setattr(f"gem_assets.datasets.exports.layouts.{writer}", full)
    with pytest.raises(StoreError, match="No space left on device"):
        export_dataset(built, "mine", name, out)
    assert [path.name for path in tmp_path.iterdir()] == ["built"]


def test_a_folder_that_is_not_empty_stays_as_it_is(built: Home, tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("x")
    with pytest.raises(StoreError, match="is not empty"):
        export_dataset(built, "mine", "openai", out)
    with pytest.raises(StoreError, match="is a file"):
        export_dataset(built, "mine", "openai", out / "mine.txt")
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(built: Home, tmp_path: Path):
    (tmp_path / "out").mkdir()
    export = export_dataset(built, "mine", "openai", tmp_path / "out")
    assert sum(count for name, count in export.rows.items() if name.startswith("policy")) == 3
    assert all((export.folder / name).is_file() for name in export.files)


def test_bad_input_is_told_in_one_sentence(built: Home, tmp_path: Path):
    for recipe, name, told in (
        ("mine", "parquet", "openai, trl, llamafactory"),
        ("default", "openai", "gem dataset --recipe default"),
        ("../mine", "openai", "cannot name a recipe"),
    ):
        with pytest.raises(StoreError, match=told) as raised:
            export_dataset(built, recipe, name, tmp_path / "out")
        assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_no_rows_are_told(built: Home, tmp_path: Path):
    build_all(configured(built), load_recipe("default", built), "one")
    with pytest.raises(StoreError, match="holds 0 rows"):
        export_dataset(built, "default", "openai", tmp_path / "out")


def test_rows_older_than_their_choice_are_told(built: Home, tmp_path: Path):
    from gem_assets.datasets.build import build_dataset

    build_dataset(Settings(home=built.root), load_recipe("mine", built), "second")
    write_examples(configured(built), "mine", "policy_examples")
    with pytest.raises(StoreError, match="synthesizer_examples of mine are older"):
        export_dataset(built, "mine", "openai", tmp_path / "out")


def test_nothing_contaminated_gets_out_even_where_the_recipe_only_reports(built: Home, tmp_path: Path):
    hits = built.tables / "contamination_hits" / "mine.parquet"
    shutil.copy(hits, tmp_path / "before.parquet")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows AS FROM read_parquet('{hits}') LIMIT 0")
        connection.execute(
            "INSERT INTO rows BY NAME SELECT recipe, record_id, shard, document_id, 0 AS position, "
            "'tau2' AS benchmark, 'user_text' AS kind, true AS blocking, 'user message 1' AS place, "
            "'violet tram' AS quote, run_id "
            f"FROM read_parquet('{built.tables}/trajectory_dataset_outcomes/mine.parquet') LIMIT 1"
        )
        connection.execute(f"COPY rows TO '{hits}' (FORMAT parquet)")
    with pytest.raises(StoreError, match="violet tram"):
        export_dataset(built, "mine", "openai", tmp_path / "out")
