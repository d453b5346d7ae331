"""The policy behind a server: what it sends and reads, with a server that answers from a script."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gem_assets.itool.policies import leash
from gem_assets.itool.policies.completions import ServedPolicy
from gem_assets.itool.policies.serving import open_policy
from gem_assets.itool.rounds.campaign import PolicySettings
from gem_assets.itool.search.policy import Completion, PolicyError, Token
from gem_assets.store.home import Home
from gem_assets.training.trainer import Trainer
from gem_assets_tests.configured import configured


class ScriptedServer(ThreadingHTTPServer):
    """Answers each question with the next answer of its script, and remembers the questions."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer()

    def _answer(self) -> None:
        status, value = self.server.answers.pop(0)
        body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        return


@pytest.fixture
def server() -> Generator[ScriptedServer]:
    with ScriptedServer() as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def policy(server: ScriptedServer) -> Generator[ServedPolicy]:
    made = ServedPolicy(f"http://127.0.0.1:{server.server_port}/v1/", "policy-1", api_key="secret")
    yield made
    made.close()


def sample(policy: ServedPolicy, **changed: Any) -> list[Completion]:
    return policy.sample("Ask:", **{"n": 2, "max_tokens": 9, "temperature": 1.5, "seed": 7, **changed})


def choice(text: str, finish: str, offsets: list[int], scores: list[float], index: int = 0) -> dict[str, Any]:
    logged = {"text_offset": offsets, "token_logprobs": scores}
    return {"index": index, "text": text, "finish_reason": finish, "logprobs": logged}


def test_texts_come_with_their_tokens_in_the_order_of_the_index(server, policy):
    late, early = choice("on", "length", [0], [-2.0], 1), choice("yes", "stop", [0, 2, 3], [-1.0, -0.5, -0.1])
    server.answers = [(200, {"choices": [late, early]})]
    assert sample(policy) == [
        Completion("yes", (Token(0, -1.0), Token(2, -0.5), Token(3, -0.1)), True),
        Completion("on", (Token(0, -2.0),), False),
    ]
    [asked] = server.asked
    assert (asked["model"], asked["prompt"], asked["n"], asked["seed"]) == ("policy-1", "Ask:", 2, 7)
    assert asked["add_special_tokens"] is False


def test_offsets_that_count_the_prompt_and_an_end_in_the_text_read_the_same(server, policy):
    server.answers = [(200, {"choices": [choice("yes<|im_end|>", "length", [4, 6, 7], [-1.0, -0.5, -0.1])]})]
    assert sample(policy) == [Completion("yes", (Token(0, -1.0), Token(2, -0.5), Token(3, -0.1)), True)]


def test_scores_are_those_of_the_tokens_that_begin_after_the_prompt(server, policy):
    told = [("As", -9.0), ("k: ", -8.0), ("ye", -1.0), ("s", -0.5)]
    entries = [{"5": {"logprob": score, "decoded_token": text}} for text, score in told]
    server.answers = [(200, {"choices": [{"prompt_logprobs": [None, *entries]}]})]
    # The token before straddles the border: it is the prompt's.
    assert policy.score("Ask:", [" yes"]) == [[Token(1, -1.0), Token(3, -0.5)]]


def test_another_model_than_the_expected_is_told(server, policy):
    server.answers = [(200, {"data": [{"id": "policy-0"}]})]
    with pytest.raises(PolicyError, match="has policy-0, not policy-1"):
        policy.check()
    server.answers = [(200, {"data": [{"id": "policy-0"}, {"id": "policy-1"}]})]
    policy.check()


def test_what_may_pass_is_tried_again_and_what_cannot_is_not(server, policy):
    fine = {"choices": [choice("yes", "stop", [0, 3], [-1.0, -0.1])]}
    server.answers = [(503, "busy"), (200, fine)]
    assert sample(policy)[0].text == "yes"
    server.answers = [(404, "no such model"), (200, fine)]
    with pytest.raises(PolicyError, match="404"):
        sample(policy)
    assert len(server.answers) == 1


@pytest.mark.parametrize("answer", ["<html>", "[]"])
def test_an_answer_that_is_none_is_told(server, policy, answer):
    server.answers = [(200, answer)]
    with pytest.raises(PolicyError, match="answers something else"):
        sample(policy)


def test_a_server_without_log_probabilities_is_told(server, policy):
    server.answers = [(200, {"choices": [{"index": 0, "text": "yes", "finish_reason": "stop"}]})]
    with pytest.raises(PolicyError, match="log-probabilities"):
        sample(policy)


# Starts a server on a leash, which says its process; then waits to be killed.
_SERVER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
_CAMPAIGN = f"""
import subprocess, sys, time
server = [sys.executable, {leash.__file__!r}, sys.executable, "-c", {_SERVER!r}]
subprocess.Popen(server, stdin=subprocess.PIPE)
time.sleep(600)
"""


def test_a_server_ends_with_the_process_that_started_it_even_where_that_is_killed():
    campaign = subprocess.Popen([sys.executable, "-c", _CAMPAIGN], stdout=subprocess.PIPE)
    assert campaign.stdout is not None
    server = int(campaign.stdout.readline())
    os.kill(server, 0)
    campaign.kill()
    campaign.wait()
    # Closed when the last process that held it has ended.
    assert campaign.stdout.read() == b""
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


def test_a_server_that_is_not_installed_is_told(home: Home):
    settings = PolicySettings(backend="command", serve=("no-such-server", "{model}"))
    with (
        pytest.raises(PolicyError, match=r"no-such-server, which policy.serve names"),
        open_policy(configured(home), settings, Trainer(Path("python"), {}), Path("model")),
    ):
        pass
