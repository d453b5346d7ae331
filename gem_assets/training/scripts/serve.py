"""Serve a trained checkpoint as an OpenAI-compatible server, for tests and small models.

    python serve.py MODEL [--grammar FILE.lark] [--name NAME]

Listens on 127.0.0.1 at a free port and says where in its first line. One answer at a time. It ends when its
standard input does, so that it does not outlive who started it. Runs in the trainer's environment.
"""

import argparse
import json
import os
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch

from decoding import Drawing, Writer
from telling import REFUSED, RefusedError

LARGEST_REQUEST = 2**24


class BadRequestError(ValueError):
    """What was asked cannot be answered; one sentence."""


def answer(writer: Writer, name: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Answer a chat as OpenAI's interface does."""
    prompt = writer.read(asked["messages"], asked.get("tools") or [])
    if len(prompt) >= writer.context:
        raise BadRequestError(
            f"This model's maximum context length is {writer.context} tokens, "
            f"and the messages have {len(prompt)}"
        )
    wanted = asked.get("max_completion_tokens") or asked.get("max_tokens") or writer.context
    drawing = Drawing(
        int(wanted), float(asked.get("temperature", 0.7)), float(asked.get("top_p", 0.95)), asked.get("seed")
    )
    written = writer.write(prompt, drawing)
    total = written.prompt_tokens + written.completion_tokens
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": name,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": written.text},
                "finish_reason": written.finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": written.prompt_tokens,
            "completion_tokens": written.completion_tokens,
            "total_tokens": total,
        },
    }


class Handler(BaseHTTPRequestHandler):
    """Answers HTTP requests with one model, one chat at a time."""

    protocol_version = "HTTP/1.1"
    writer: Writer
    name: str
    turn = threading.Lock()

    def do_GET(self) -> None:
        """List the model."""
        if self.path != "/v1/models":
            self._send(404, _problem(f"there is no {self.path}"))
            return
        self._send(200, {"object": "list", "data": [{"id": self.name, "object": "model"}]})

    def do_POST(self) -> None:
        """Answer a chat."""
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/v1/chat/completions" or length > LARGEST_REQUEST:
            self.close_connection = True
            self._send(404, _problem(f"there is no {self.path}, or the request is too large"))
            return
        try:
            asked = json.loads(self.rfile.read(length))
            with self.turn:
                told = answer(self.writer, self.name, asked)
        except (BadRequestError, ValueError, KeyError, TypeError) as error:
            self._send(400, _problem(str(error)))
            return
        except RuntimeError as error:
            self._send(500, _problem(str(error).partition("\n")[0]))
            return
        self._send(200, told)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: whoever asks keeps a journal."""

    def _send(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> int:
    """Load the model, say where it listens, serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--grammar", type=Path)
    parser.add_argument("--name", default="gem-synthesizer")
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        grammar = None if given.grammar is None else given.grammar.read_text("utf-8")
        writer = Writer(given.model, grammar)
    except (RefusedError, OSError, ValueError) as error:
        sys.stderr.write(f"{given.model} cannot be served: {str(error).strip().splitlines()[0]}\n")
        return REFUSED
    Handler.writer, Handler.name = writer, given.name
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}/v1\n")
    sys.stdout.flush()
    sys.stdin.read()
    return 0


def _problem(sentence: str) -> dict[str, Any]:
    return {"error": {"message": sentence, "type": "invalid_request_error"}}


if __name__ == "__main__":
    sys.exit(main())
