"""Answers that were recorded for documents, served in place of a model.

    python -m gem_assets_tests.recorded_answers --port 8000

Does not belong here: the server (`stub_server.py`), the answers (`data/recorded_answers`).
"""

import argparse
import html
import json
import re
import sys
import threading
from pathlib import Path
from typing import Any

from gem_assets_tests.stub_server import Fault, StubServer, error

CHECKOUT = Path(__file__).parent.parent
DATA = CHECKOUT / "gem_assets_tests" / "data"


class RecordedAnswers:
    """Answers by task and document, from a directory with an index: {document id: {task: file}}.

    Instead of a file a task may name two: {"first_answer": file, "repair_answer": file}. The task is known
    by the longest fixed passage of its prompt file, the document by how its text begins, else by its title.
    """

    def __init__(self, directory: Path, documents: Path, prompts: Path, index: str = "index.json") -> None:
        self._directory = directory
        self._index = json.loads((directory / index).read_text("utf-8"))
        rows = [json.loads(line) for line in documents.read_text("utf-8").splitlines() if line.strip()]
        self._documents = sorted(rows, key=lambda row: -len(row.get("title") or ""))
        self._tasks = {path.stem: _fixed_passage(path) for path in prompts.glob("*.md")}

    def __call__(self, request: dict[str, Any]) -> str | Fault:
        messages = request["messages"]
        prompt = next(message["content"] for message in messages if message["role"] == "user")
        task = next((name for name, passage in self._tasks.items() if passage in prompt), None)
        document = self._document(prompt)
        if task is None or document is None:
            return error(400, f"nothing recorded: task {task}, document {document}", "nothing_recorded")
        entry = self._index.get(document, {}).get(task)
        if isinstance(entry, dict):
            repairing = any(message["role"] == "assistant" for message in messages)
            entry = entry.get("repair_answer" if repairing else "first_answer")
        if entry is None:
            return error(400, f"nothing recorded: task {task}, document {document}", "nothing_recorded")
        return (self._directory / entry).read_text("utf-8")

    def _document(self, prompt: str) -> str | None:
        text = _flat(prompt)
        for marks in (lambda row: _flat(row.get("text") or "")[:80], lambda row: row.get("title")):
            for row in self._documents:
                mark = marks(row)
                if mark and (mark in text or html.escape(mark, quote=False) in text):
                    return row.get("document_id") or row.get("id")
        return None


def _flat(text: str) -> str:
    return " ".join(text.split())


def _fixed_passage(prompt: Path) -> str:
    passages = re.split(r"\$\{?\w+\}?", prompt.read_text("utf-8").replace("$$", "\0"))
    return max(passages, key=len).replace("\0", "$").strip()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve recorded answers on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--answers", type=Path, default=DATA / "recorded_answers")
    parser.add_argument("--index", default="index.json", help="variants.json answers badly first")
    parser.add_argument("--documents", type=Path, default=DATA / "recorded_documents.jsonl")
    parser.add_argument("--prompts", type=Path, default=CHECKOUT / "gem_assets" / "prompts")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    arguments = parser.parse_args()
    answers = RecordedAnswers(arguments.answers, arguments.documents, arguments.prompts, arguments.index)
    with StubServer(answers, port=arguments.port, latency=arguments.latency) as server:
        sys.stdout.write(f"GEM_BASE_URL={server.url}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write(f"{len(server.requests)} requests\n")


if __name__ == "__main__":
    main()
