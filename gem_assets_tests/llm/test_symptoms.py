from datetime import UTC, datetime

import pytest

from gem_assets.llm.faults.symptoms import read_error, retry_after_seconds

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


class ProviderError(Exception):
    def __init__(self, message, status_code=None, body=None, headers=None):
        super().__init__(message)
        self.status_code = status_code
        self.body = body
        self.litellm_response_headers = headers


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("-3", 0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("", None),
    ],
)
def test_reads_seconds_and_dates_of_a_retry_after_header(value, seconds):
    assert retry_after_seconds(value, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 1.5s.", 1.5),
        ("Please try again in 20ms.", 0.02),
        ('{"error": {"details": [{"retryDelay": "37s"}]}}', 37),
        ("Slow down", None),
    ],
)
def test_reads_the_wish_to_wait_out_of_the_message(text, seconds):
    assert read_error(ProviderError(text, 429)).retry_after == seconds


def test_reads_code_and_message_of_an_error_body_wherever_it_is():
    body = {"message": "no  such\nmodel", "code": "model_not_found"}
    json = '{"error": {"message": "no such model", "code": "model_not_found"}}'
    inside = f"litellm.NotFoundError: Hosted_vllmException - {json}"
    for error in (ProviderError("x", 404, body), ProviderError(inside, 404)):
        symptom = read_error(error)
        assert (symptom.text, symptom.code, symptom.status) == ("no such model", "model_not_found", 404)


def test_takes_secrets_out_and_keeps_evidence_short():
    symptom = read_error(ProviderError("bad key sk-123456789012 " + "x" * 1000), ["sk-123456789012"])
    assert "sk-123456789012" not in symptom.text
    assert len(symptom.evidence) <= 301


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionResetError("Connection reset by peer"), "connection"),
        (ProviderError("OpenAIException - Connection error.", 500), "connection"),
        (ProviderError("connect to our database failed", 500, headers={"date": "today"}), "http"),
        (ProviderError("Unterminated string starting at: line 1", 500), "cut_off"),
        (ProviderError("Empty or invalid response. Received: '<html>'", 500), "not_a_completion"),
        (ProviderError("boom", 500), "http"),
        (KeyError("choices"), "http"),
    ],
)
def test_tells_the_kinds_of_failure_apart(error, kind):
    assert read_error(error).kind == kind
