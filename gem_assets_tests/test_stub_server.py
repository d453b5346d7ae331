import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from string import Template

import pytest

from gem_assets.prompts.prompt import PROMPTS, Prompt, escape
from gem_assets_tests.recorded_answers import CHECKOUT, RecordedAnswers
from gem_assets_tests.stub_server import Fault, StubServer

MODULE = "gem_assets_tests.recorded_answers"
DATA = Path(__file__).parent / "data"
DOCUMENT = {
    "id": "kiln",
    "title": "Firing & glazing",
    "text": "Open  the <lid>.\nThen wait.",
}


def asked(*contents: str) -> dict:
    roles = ("user", "assistant", "user")
    return {
        "messages": [{"role": role, "content": text} for role, text in zip(roles, contents, strict=False)]
    }


@pytest.fixture
def recorded(tmp_path):
    (tmp_path / "answers").mkdir()
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    (prompts / "filter_document.md").write_text(
        "Does this cost $$5? Is it a procedure?\n<title>$title</title>"
    )
    (prompts / "judge_trajectory.md").write_text("Give three scores, be strict.\n$document")
    index = {
        "kiln": {"filter_document": "f.txt", "judge_trajectory": {"first_answer": "a", "repair_answer": "b"}}
    }
    (tmp_path / "answers" / "index.json").write_text(json.dumps(index))
    for name, text in {"f.txt": "<multi_step>True</multi_step>", "a": "broken", "b": "{}"}.items():
        (tmp_path / "answers" / name).write_text(text)
    (tmp_path / "documents.jsonl").write_text(json.dumps(DOCUMENT) + "\n")
    return tmp_path


def served(recorded: Path) -> RecordedAnswers:
    return RecordedAnswers(recorded / "answers", recorded / "documents.jsonl", recorded / "prompts")


def test_knows_task_and_document_by_the_prompt(recorded):
    answers = served(recorded)
    by_title = "Does this cost $5? Is it a procedure?\n<title>Firing &amp; glazing</title>"
    by_text = "Give three scores, be strict.\nOpen the &lt;lid&gt;. Then wait."
    assert answers(asked(by_title)) == "<multi_step>True</multi_step>"
    assert answers(asked(by_text)) == "broken"
    assert answers(asked(by_text, "broken", "mend it")) == "{}"


def test_says_what_was_not_recorded(recorded):
    reply = served(recorded)(asked("Give three scores, be strict.\nAnother text."))
    assert isinstance(reply, Fault)
    assert "judge_trajectory" in reply.body


@pytest.mark.parametrize("index", ["index.json", "variants.json"])
def test_answers_every_recorded_task_of_every_recorded_document(index):
    answers = RecordedAnswers(DATA / "recorded_answers", DATA / "recorded_documents.jsonl", PROMPTS, index)
    lines = (DATA / "recorded_documents.jsonl").read_text("utf-8").splitlines()
    documents = {row["id"]: row for row in map(json.loads, lines)}
    for document, tasks in json.loads((DATA / "recorded_answers" / index).read_text("utf-8")).items():
        for task, entry in tasks.items():
            prompt = Prompt.load(task, None)
            fields = dict.fromkeys(Template(prompt.text).get_identifiers(), "-")
            text = prompt.render(fields | {"document": escape(documents[document]["text"])})
            turns = {"first_answer": [text], "repair_answer": [text, "broken", "mend it"]}
            for variant, file in (entry if isinstance(entry, dict) else {"first_answer": entry}).items():
                recorded = (DATA / "recorded_answers" / file).read_text("utf-8")
                assert answers(asked(*turns[variant])) == recorded


def test_lists_its_model():
    with StubServer(lambda _: "") as server, urllib.request.urlopen(f"{server.url}/models") as reply:
        assert json.load(reply)["data"][0]["id"] == "stub-model"


def test_serves_recorded_answers_as_a_script(recorded):
    command = [sys.executable, "-m", MODULE, "--answers", str(recorded / "answers")]
    command += ["--documents", str(recorded / "documents.jsonl"), "--prompts", str(recorded / "prompts")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip().removeprefix("GEM_BASE_URL=")
        body = json.dumps(asked("Give three scores, be strict.\nOpen the &lt;lid&gt;. Then wait."))
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(
            urllib.request.Request(f"{url}/chat/completions", body.encode(), headers)
        ) as reply:
            assert json.load(reply)["choices"][0]["message"]["content"] == "broken"
    finally:
        process.kill()
        process.communicate()
