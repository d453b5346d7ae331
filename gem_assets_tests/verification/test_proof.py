"""The proof in small: no false alarm on clean text, planted defects found."""

import ast
from pathlib import Path

import pytest

from gem_assets.calibration import planting
from gem_assets.calibration.planting.kinds import KINDS
from gem_assets.calibration.planting.plain import Plain
from gem_assets.verification.registry import CHECKS
from gem_assets_tests.verification.handwritten import handwritten
from gem_assets_tests.verification.proof import (
    Line,
    alarms,
    clean_handwritten,
    findings_of,
    plant_all,
    recorded_cases,
)
from gem_assets_tests.verification.shown_by import SHOWN_BY

CLEAN = clean_handwritten()
DEFECTIVE = handwritten("defective")
LATER = handwritten("later_defective")
NOT_SEEN = {
    "meeting at the wrong hour": "time zones are not followed",
    "text contradicts text": "results in plain text are not read as records",
    "says shipped, is not": "what the assistant says of a status is not compared",
}


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return plant_all([*recorded_cases(), *CLEAN], rounds=2)


@pytest.mark.parametrize("plain", CLEAN, ids=lambda plain: plain.name)
def test_a_clean_dialogue_written_by_hand_raises_no_error(plain: Plain):
    assert alarms([plain]) == []


def test_recorded_trajectories_raise_no_finding_at_all():
    assert [findings_of(plain) for plain in recorded_cases()] == [()] * 6


@pytest.mark.parametrize(("plain", "reasons"), DEFECTIVE, ids=[plain.name for plain, _ in DEFECTIVE])
def test_a_defect_written_by_hand_is_found(plain: Plain, reasons: tuple[str, ...]):
    assert {finding.reason for finding in findings_of(plain)} & set(reasons)


@pytest.mark.parametrize(
    "plain", [plain for plain, _ in handwritten("later_clean")], ids=lambda one: one.name
)
def test_a_clean_dialogue_written_later_raises_no_error(plain: Plain):
    assert alarms([plain]) == []


@pytest.mark.parametrize(
    ("plain", "reasons"),
    [
        pytest.param(
            plain,
            reasons,
            id=plain.name,
            marks=[pytest.mark.xfail(reason=NOT_SEEN[plain.name])] if plain.name in NOT_SEEN else [],
        )
        for plain, reasons in LATER
    ],
)
def test_a_defect_written_later_is_found(plain: Plain, reasons: tuple[str, ...]):
    assert {finding.reason for finding in findings_of(plain)} & set(reasons)


def test_there_are_enough_kinds_and_dialogues():
    assert len(KINDS) >= 20
    assert len(CLEAN) >= 20
    assert len(DEFECTIVE) >= 20


def test_defects_that_are_errors_are_found_at_95_percent(lines: list[Line]):
    own = [line for line in lines if line.is_error]
    assert sum(line.found for line in own) >= 0.95 * sum(line.detectable for line in own)


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS if kind.is_error])
def test_every_kind_that_is_an_error_is_planted_and_mostly_found(lines: list[Line], kind: str):
    line = next(line for line in lines if line.kind == kind)
    assert line.detectable
    assert line.found >= 0.6 * line.detectable, line.missed


def test_most_defects_that_are_warnings_are_found(lines: list[Line]):
    own = [line for line in lines if not line.is_error]
    assert sum(line.found for line in own) >= 0.9 * sum(line.detectable for line in own)


def test_what_plants_defects_shares_no_code_with_what_finds_them():
    folder = Path(planting.__path__[0])
    named = [
        f"{path.name}: {name}"
        for path in sorted(folder.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [n.name for n in node.names]
        )
        if name.startswith("gem_assets") and not name.startswith("gem_assets.calibration.planting")
    ]
    assert len(list(folder.glob("*.py"))) > 5
    assert named == []


def test_every_kind_is_shown_by_a_finding_of_its_level():
    errors = {str(reason) for check in CHECKS for reason in check.errors}
    known = {str(reason) for check in CHECKS for reason in check.reasons}
    assert set(SHOWN_BY) == {kind.name for kind in KINDS}
    for kind in KINDS:
        assert known >= set(SHOWN_BY[kind.name])
        assert kind.is_error == bool(errors & set(SHOWN_BY[kind.name]))
