import pytest
from pydantic import ValidationError

from gem_assets.records.judgement import Finding, current_level


@pytest.mark.parametrize(("stored", "level"), [("decidable", "error"), ("advisory", "warning")])
def test_a_finding_written_before_the_levels_were_renamed_is_read_under_the_present_name(
    stored: str, level: str
):
    old = f'{{"reason": "rule_end", "evidence": "it ends", "kind": "rule", "level": "{stored}"}}'
    finding = Finding.model_validate_json(old)
    assert finding.level == current_level(stored) == level
    assert Finding.model_validate_json(finding.model_dump_json()) == finding


def test_a_level_nobody_knows_is_refused():
    with pytest.raises(ValidationError):
        Finding.model_validate({"reason": "rule_end", "evidence": "", "level": "fatal"})
