import pytest

from gem_assets.verification.results import is_error_result, read_result


@pytest.mark.parametrize(
    "content",
    [
        '{"error": "no such order"}',
        '{"error": {"code": 404}}',
        '{"Error": true, "id": 3}',
        '{"success": false}',
        '{"success": "False", "reason": "late"}',
        '{"ok": false}',
        '{"status": "error", "data": null}',
        '{"status": "FAILED", "message": "no paper"}',
        '{"isError": true, "content": []}',
        "Error: no such order",
        "ERROR 404",
        '"Error: no such order"',
    ],
)
def test_reads_an_error(content: str):
    assert is_error_result(content)


@pytest.mark.parametrize(
    "content",
    [
        '{"error": null, "id": 3}',
        '{"error": ""}',
        '{"errors": ["a field is empty"], "valid": false}',
        '{"success": true, "status": "failed"}',
        '{"payment_id": 7, "status": "failed"}',
        '{"status": "ok", "log": "Error: none"}',
        '[{"error": "of the past"}]',
        "Errors: 0",
        "Error-free run",
        "No error",
        "",
        "null",
        "[" * 100_000,
        "9" * 10_000,
    ],
)
def test_reads_no_error(content: str):
    assert not is_error_result(content)


def test_a_result_that_is_no_json_is_its_own_text():
    assert read_result("{a}") == "{a}"
    assert read_result('{"a": [1]}') == {"a": [1]}
