import csv
import json
from pathlib import Path

import pytest

from gem_assets.corpus.normalising import normalise
from gem_assets.records.document import Document
from gem_assets.records.outcome import Reason, Rejected
from gem_assets.settings import PrefilterSettings
from gem_assets.stages.prefilter import prefilter
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.chain import SETTINGS, judge

DEV = Path(__file__).parents[3] / "shared" / "corpora" / "dev" / "docs.jsonl"
MEASURED = PrefilterSettings()
STEPS = "1. Open the portal and sign in.\n2. Choose a day and a room.\n3. Press Book and wait for the mail.\n"
PROSE = "The harbour was quiet that morning, and nobody thought of the cranes on the quay. "


def document(text: str, language: str = "en") -> Document:
    return Document(document_id="d", corpus="c", source="s", place="p", language=language, text=text)


# Texts that are rejected for a reason, and texts that barely are not.
VERDICTS = {
    Reason.PREFILTER_TOO_SHORT: (["Open it. Press start.", "Press it. " * 19], [STEPS * 2]),
    Reason.PREFILTER_REPETITIVE: (["Press the button and wait.\n" * 30], [STEPS * 2 + PROSE, STEPS * 2]),
    Reason.PREFILTER_NO_INSTRUCTIONS: ([PROSE * 10, PROSE * 4 + "Open it. Close it."], [PROSE * 2 + STEPS]),
}


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.name.startswith("PREFILTER_")])
def test_a_text_is_rejected_for_each_reason_and_not_for_a_near_miss(reason: Reason):
    texts, near_misses = VERDICTS[reason]
    for text in texts:
        found = prefilter(document(text), MEASURED)
        assert found is not None
        assert (found.reason, bool(found.evidence)) == (reason, True)
    for text in near_misses:
        assert prefilter(document(text), MEASURED) is None


def test_a_text_in_a_language_it_was_not_measured_on_passes():
    assert prefilter(document("kurz", "de"), MEASURED) is None


@pytest.mark.parametrize(
    ("use", "is_model", "looks"),
    [("auto", True, False), ("auto", False, True), ("on", True, True), ("off", False, False)],
)
def test_it_looks_before_the_baseline_generator_only_unless_told_otherwise(
    use: str, is_model: bool, looks: bool
):
    settings = SETTINGS.model_copy(update={"use_prefilter": use})
    llm = ScriptedLlm({"filter_document": "<multi_step>False</multi_step>"}, is_model=is_model)
    outcome = judge("procedural_documents", document(PROSE * 10), llm, settings)
    assert isinstance(outcome, Rejected)
    assert (outcome.reason == Reason.PREFILTER_NO_INSTRUCTIONS) == looks
    assert (llm.requests == []) == looks


@pytest.mark.skipif(not DEV.is_file(), reason="shared/corpora is not here")
def test_what_it_loses_of_the_labelled_procedures_is_what_the_settings_say():
    rows = [json.loads(line) for line in DEV.read_text("utf-8").strip().split("\n")]
    labelled = [row for row in rows if row["language"] == "en" and row["label_multi_step"] is not None]
    lost = [prefilter(document(normalise(row["text"])), MEASURED) is not None for row in labelled]
    true = [row["label_multi_step"] for row in labelled]
    assert (sum(true), sum(a and b for a, b in zip(lost, true, strict=True))) == (
        MEASURED.measured_procedures,
        MEASURED.measured_lost,
    )
    spared = sum(a and not b for a, b in zip(lost, true, strict=True))
    # Narrated procedures (`the clerk opens the ledger`) count too, so that fewer others are spared.
    assert spared >= 0.15 * (len(true) - sum(true))


def test_it_loses_no_procedure_of_the_sample_corpus_however_it_is_told():
    package = Path(__file__).parents[2] / "gem_assets" / "sample_corpus"
    labels = Path(__file__).parents[1] / "data" / "sample_corpus_labels.csv"
    with labels.open(encoding="utf-8", newline="") as file:
        procedures = [row["file"] for row in csv.DictReader(file) if row["multi_step"] == "true"]
    texts = {name: (package / name).read_text("utf-8") for name in procedures}
    lost = [
        name for name, text in texts.items() if prefilter(document(normalise(text)), MEASURED) is not None
    ]
    assert lost == []
