"""A real HTTP server on the loopback that speaks the OpenAI chat interface and can break in every known way.

    with StubServer(lambda request: "hello") as server: ...

Does not belong here: what it answers (`recorded_answers.py` serves what was recorded), what the pipeline
makes of an answer.
"""

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass(frozen=True)
class Reply:
    """A 200 answer whose parts can be set; `choices=False` leaves the list of choices empty."""

    content: str | None
    finish_reason: str = "stop"
    reasoning: str | None = None
    model: str | None = None
    input_tokens: int = 10
    output_tokens: int = 5
    choices: bool = True
    tool_calls: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class Fault:
    """A way to break: a status with a body, or a connection that does not deliver one."""

    kind: Literal["status", "reset", "truncated", "hang", "drip"]
    status: int = 500
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    seconds: float = 0.0
    """Between two bytes of a dripping body."""


Answer = Callable[[dict[str, Any]], "str | Reply | Fault"]


def error(status: int, message: str, code: str | None = None, **headers: str) -> Fault:
    body = json.dumps({"error": {"message": message, "type": "error", "param": None, "code": code}})
    return Fault("status", status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def rate_limited(retry_after: str | None = None) -> Fault:
    headers = {"Retry_After": retry_after} if retry_after else {}
    return error(429, "Rate limit reached for requests", "rate_limit_exceeded", **headers)


def quota_exhausted() -> Fault:
    return error(429, "You exceeded your current quota, please check your plan.", "insufficient_quota")


def html_page(status: int = 200) -> Fault:
    page = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works</body></html>"
    return Fault("status", status, page, content_type="text/html")


def error_in_success() -> Fault:
    return Fault("status", 200, json.dumps({"error": {"message": "upstream failed", "code": 502}}))


def context_too_long() -> Fault:
    message = (
        "This model's maximum context length is 4096 tokens. However, your messages resulted in 9001 tokens. "
        "Please reduce the length of the messages."
    )
    return error(400, message, "context_length_exceeded")


def max_tokens_too_large(limit: int) -> Fault:
    return error(400, f"max_tokens is too large: this model supports at most {limit} completion tokens.")


def unsupported_parameter(name: str) -> Fault:
    return error(
        400, f"Unsupported parameter: '{name}' is not supported with this model.", "unsupported_parameter"
    )


RESET = Fault("reset")
TRUNCATED = Fault("truncated")
HANG = Fault("hang")
NO_CHOICES = Reply(None, choices=False)
FILTERED = Reply("", finish_reason="content_filter")


def drip(seconds: float) -> Fault:
    return Fault("drip", seconds=seconds)


class Batches:
    """The batch interface: files, and batches that end when `finish` is called, or are `refused`."""

    def __init__(self, stub: "StubServer") -> None:
        self.submitted: list[dict[str, Any]] = []
        self.refused = False
        self._stub = stub
        self._files: dict[str, str] = {}

    @property
    def lines(self) -> list[list[dict[str, Any]]]:
        """The requests of each batch that was submitted."""
        files = [self._files[batch["input_file_id"]] for batch in self.submitted]
        return [[json.loads(line) for line in file.splitlines()] for file in files]

    def finish(self, status: str = "completed", answered: int | None = None) -> None:
        """Answer the requests of every batch, or the first few of them."""
        for batch in self.submitted:
            if batch["status"] != "in_progress":
                continue
            lines = self._files[batch["input_file_id"]].splitlines()
            replies = [self._reply(json.loads(line)) for line in lines[:answered]]
            batch |= {"status": status, "output_file_id": self._keep("".join(replies))}

    def post(self, path: str, body: bytes) -> Fault | None:
        if path.endswith("/files"):
            content = next(part for part in body.split(b"\r\n\r\n") if part.startswith(b'{"custom_id"'))
            name = self._keep(content.rpartition(b"\r\n--")[0].partition(b"\r\n--")[0].decode())
            return self._json({**self._file(name), "filename": "requests.jsonl"})
        if not path.endswith("/batches"):
            return None
        if self.refused:
            return error(400, "batches are not offered for this model", "unsupported")
        asked = json.loads(body)
        batch = {
            "id": f"batch_{len(self.submitted)}", "object": "batch", "endpoint": asked["endpoint"],
            "input_file_id": asked["input_file_id"], "completion_window": "24h", "status": "in_progress",
            "created_at": 1, "metadata": asked.get("metadata"), "output_file_id": None, "error_file_id": None,
        }  # fmt: skip
        self.submitted.append(batch)
        return self._json(batch)

    def get(self, path: str) -> Fault | None:
        path, _, _ = path.partition("?")
        name = path.removesuffix("/content").rpartition("/")[2]
        if path.endswith("/content"):
            return Fault("status", 200, self._files[name], content_type="application/octet-stream")
        if path.endswith("/batches"):
            return self._json({"object": "list", "data": self.submitted, "has_more": False})
        if "/batches/" in path:
            return self._json(next(batch for batch in self.submitted if batch["id"] == name))
        return None

    def _reply(self, line: dict[str, Any]) -> str:
        reply = self._stub.answer(line["body"], {})
        self._stub.finished()
        if isinstance(reply, Fault):
            response = {"status_code": reply.status, "body": json.loads(reply.body)}
        else:
            whole = Reply(reply) if isinstance(reply, str) else reply
            response = {"status_code": 200, "body": json.loads(_completion(line["body"], whole))}
        return (
            json.dumps({"id": "r", "custom_id": line["custom_id"], "response": response, "error": None})
            + "\n"
        )

    def _keep(self, content: str) -> str:
        name = f"file_{len(self._files)}"
        self._files[name] = content
        return name

    def _file(self, name: str) -> dict[str, Any]:
        return {
            "id": name,
            "object": "file",
            "bytes": 1,
            "created_at": 1,
            "purpose": "batch",
            "status": "processed",
        }

    def _json(self, body: dict[str, Any]) -> Fault:
        return Fault("status", 200, json.dumps(body))


class StubServer:
    """Serves in a thread from `with` to `with`'s end; remembers what it was asked."""

    def __init__(self, answer: Answer, *, port: int = 0, latency: float = 0.0, context_size: int = 0) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.max_in_flight = 0
        self.latency = latency
        self.card: dict[str, Any] = {"id": "stub-model", "object": "model", "owned_by": "stub"}
        if context_size:
            self.card["max_model_len"] = context_size  # as vLLM tells it
        self._answer = answer
        self._in_flight = 0
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self.batches = Batches(self)
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.stub = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def prompts(self) -> list[str]:
        """The last message of each request, in the order of arrival."""
        return [request["messages"][-1]["content"] for request in self.requests]

    def __enter__(self) -> "StubServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: dict[str, Any], headers: dict[str, str]) -> str | Reply | Fault:
        with self._lock:
            self.requests.append(request)
            self.times.append(time.monotonic())
            self.headers.append({name.lower(): value for name, value in headers.items()})
            self._in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self._in_flight)
        if self.latency:
            time.sleep(self.latency)
        return self._answer(request)

    def finished(self) -> None:
        with self._lock:
            self._in_flight -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    stub: StubServer

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), (ConnectionError, BrokenPipeError)):
            super().handle_error(request, client_address)  # pyright: ignore[reportArgumentType]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        reply = self.server.stub.batches.get(self.path)
        if reply is not None:
            self._write(reply)
            return
        if not self.path.endswith("/models"):
            self._write(error(404, f"no route {self.path}"))
            return
        self._write(Fault("status", 200, json.dumps({"object": "list", "data": [self.server.stub.card]})))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = self.server.stub.batches.post(self.path, body)
        if reply is not None:
            self._write(reply)
            return
        if not self.path.endswith("/chat/completions"):
            self._write(error(404, f"no route {self.path}"))
            return
        request = json.loads(body)
        stub = self.server.stub
        reply = stub.answer(request, dict(self.headers))
        # Counted as ended before the client can read the end, so that max_in_flight is exact.
        if isinstance(reply, Fault):
            try:
                self._break(reply)
            finally:
                stub.finished()
            return
        stub.finished()
        reply = Reply(reply) if isinstance(reply, str) else reply
        self._write(Fault("status", 200, _completion(request, reply)))

    def _break(self, fault: Fault) -> None:
        if fault.kind == "status":
            self._write(fault)
        elif fault.kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif fault.kind == "truncated":
            self._write(Fault("status", 200, _completion({}, Reply("cut off in the middle"))[:60]))
        elif fault.kind == "hang":
            self.server.stub.closing.wait(60)
            self.close_connection = True
        else:
            self._drip(fault)

    def _drip(self, fault: Fault) -> None:
        body = _completion({}, Reply("too slow")).encode()
        self._head(200, "application/json", len(body), {})
        for position in range(len(body)):
            self.wfile.write(body[position : position + 1])
            if self.server.stub.closing.wait(fault.seconds):
                break
        self.close_connection = True

    def _write(self, fault: Fault) -> None:
        body = fault.body.encode()
        self._head(fault.status, fault.content_type, len(body), fault.headers)
        self.wfile.write(body)

    def _head(self, status: int, content_type: str, length: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the server remembers its requests."""


def _completion(request: Mapping[str, Any], reply: Reply) -> str:
    message: dict[str, Any] = {"role": "assistant", "content": reply.content}
    if reply.tool_calls:
        message["tool_calls"] = reply.tool_calls
    if reply.reasoning is not None:
        message["reasoning_content"] = reply.reasoning
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    total = reply.input_tokens + reply.output_tokens
    usage = {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": total,
    }
    body = {
        "id": "chatcmpl-stub",
        "object": "chat.completion",
        "created": 1,
        "model": reply.model or request.get("model", "stub-model"),
        "choices": [choice] if reply.choices else [],
        "usage": usage,
    }
    return json.dumps(body)
