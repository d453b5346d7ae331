"""Answer for a model, through a pipe or as a small server: `python policy.py MODEL [--port N --name NAME]`.

Through the pipe: a JSON object per line in, one per line out, `{"ready": true}` first. As a server, on
127.0.0.1 only: `/v1/models`, and `/v1/completions` with n, seed, logprobs and prompt_logprobs as vLLM has
them; for tests and tiny models, one request at a time. Runs in the trainer's environment.
"""

import argparse
import json
import os
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch

from completing import Continuer
from telling import REFUSED, RefusedError

Answer = Callable[[dict[str, Any]], dict[str, Any]]


def answer_pipe(continuer: Continuer, question: dict[str, Any]) -> dict[str, Any]:
    """Answer one line of the pipe."""
    given = question["given"]
    if question["ask"] == "sample":
        return {"completions": continuer.sample(**given)}
    return {"scores": continuer.score(**given)}


def answer_completions(continuer: Continuer, name: str, question: dict[str, Any]) -> dict[str, Any]:
    """Answer `/v1/completions`."""
    prompt = question["prompt"]
    if question.get("prompt_logprobs") is not None:
        spans, scores = continuer.score_text(prompt, 0)
        scored = [
            {"0": {"logprob": score, "decoded_token": prompt[begin:end]}}
            for (begin, end), score in zip(spans, scores, strict=True)
        ]
        choices = [{"index": 0, "text": "", "finish_reason": "length", "prompt_logprobs": [None, *scored]}]
        return {"object": "text_completion", "model": name, "choices": choices}
    made = continuer.sample(
        prompt,
        n=question.get("n", 1),
        max_tokens=question.get("max_tokens", 16),
        temperature=question.get("temperature", 1.0),
        seed=question.get("seed", 0),
    )
    choices = [choice(place, completion) for place, completion in enumerate(made)]
    return {"object": "text_completion", "model": name, "choices": choices}


def choice(place: int, completion: dict[str, Any]) -> dict[str, Any]:
    """Write one completion as vLLM does: the end-of-turn mark is told by finish_reason alone."""
    return {
        "index": place,
        "text": completion["text"],
        "finish_reason": "stop" if completion["finished"] else "length",
        "logprobs": {
            "text_offset": [start for start, _ in completion["tokens"]],
            "token_logprobs": [score for _, score in completion["tokens"]],
        },
    }


def run_pipe(continuer: Continuer) -> int:
    """Answer lines until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # What a library prints goes where errors go, not between the answers.
    os.dup2(2, 1)
    print(json.dumps({"ready": True, "context": continuer.context}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            answer = answer_pipe(continuer, json.loads(line))
        except RefusedError as refused:
            answer = {"refused": str(refused)}
        print(json.dumps(answer), file=answers, flush=True)
    return 0


def run_server(continuer: Continuer, port: int, name: str) -> int:
    """Serve until interrupted."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.rstrip("/") == "/v1/models"
            self._send(200 if known else 404, {"object": "list", "data": [{"id": name}]} if known else {})

        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.rstrip("/") != "/v1/completions":
                return self._send(404, {"error": {"message": f"there is no {self.path} here"}})
            if question.get("model") != name:
                return self._send(
                    404, {"error": {"message": f"the model {question.get('model')} is not here"}}
                )
            try:
                with lock:
                    return self._send(200, answer_completions(continuer, name, question))
            except RefusedError as refused:
                return self._send(400, {"error": {"message": str(refused)}})

        def _send(self, status: int, value: dict[str, Any]) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    tell({"ready": True, "port": server.server_port})
    server.serve_forever()
    return 0


def tell(value: dict[str, Any]) -> None:
    """Write a line to whoever started this."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Load the model and answer."""
    given = argparse.ArgumentParser()
    given.add_argument("model")
    given.add_argument("--port", type=int)
    given.add_argument("--name", default="policy")
    given.add_argument("--precision", default="fp32")
    given.add_argument("--threads", type=int, default=1)
    asked = given.parse_args()
    torch.set_num_threads(asked.threads)
    try:
        continuer = Continuer(asked.model, asked.precision)
    except RefusedError as refused:
        tell({"refused": str(refused)})
        return REFUSED
    return run_pipe(continuer) if asked.port is None else run_server(continuer, asked.port, asked.name)


if __name__ == "__main__":
    sys.exit(main())
