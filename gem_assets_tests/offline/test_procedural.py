"""What the baseline generator decides, and that it is the same every time."""

import csv
from pathlib import Path

import pytest

from gem_assets.offline.procedural import UnsupportedLanguageError, answer

ROOT = Path(__file__).parents[2]
LABELS = ROOT / "gem_assets_tests" / "data" / "sample_corpus_labels.csv"

PROCEDURES = {
    "numbered": "# Reset the badge printer\n\n1. Open the Devices page and select the printer.\n"
    "2. Click **Restart** and wait for the green lamp.\n3. Enter the job number and press **Print**.\n",
    "bulleted": "To add a colleague to the shared calendar:\n\n- Open the calendar app.\n- Tap *Share*.\n"
    "- Type the e-mail address and choose Read or Edit.\n- Tap *Send*.\n",
    "prose": "First the clerk opens the permit register on the terminal and searches for the plate number. "
    "Then she enters the new address, scans the proof of residence and presses Save. Finally she prints "
    "the permit and closes the record.",
    "imperative prose": "Sign in to the portal and open the Claims page. Click New claim, enter the invoice "
    "number and the amount, and upload a photo of the receipt. When everything is filled in, press Submit.",
    "conditional": "If the pump controller shows error E4, press the Stop key and open the log. "
    "Select the last entry and click Clear. If the error comes back, restart the controller from the menu "
    "and enter the service code.",
    "commands": "How to publish a branch:\n\n1. Run `git commit -a` to record the changes.\n"
    "2. Run `git push origin main` to upload the branch.\n"
    "3. Open the repository website and create a request.\n",
}
OTHERS = {
    "essay": "The telegraph changed how people thought about distance. Within a generation, news that had "
    "taken weeks travelled in minutes, and newspapers reorganised themselves around that fact.",
    "list": "# Ten games for rainy days\n\n1. Charades\n2. Memory\n3. Dominoes\n4. Checkers\n5. Old maid\n",
    "recipe": "Peel the apples and cut them into slices. Mix the flour with the butter and bake everything "
    "for forty minutes. Serve it warm.",
    "changelog": "# Release notes\n\n## 2.1\n- Add dark theme\n- Fix crash on start\n- Update texts\n\n"
    "## 2.0\n- Remove old importer\n- Rename settings file\n",
    "licence": "You may copy and distribute the Program under this licence, provided that you give each "
    "licensee a copy of the warranty disclaimer and keep the copyright notice intact. The licensor is not "
    "liable for any infringement.",
    "question": "Does anybody know which tablet has the best screen for reading outside? Mine is too dark.",
    "empty": "",
}


@pytest.mark.parametrize("name", PROCEDURES)
def test_keeps_a_procedure(name, judge):
    assert judge(PROCEDURES[name])


@pytest.mark.parametrize("name", OTHERS)
def test_rejects_what_is_no_procedure(name, judge):
    assert not judge(OTHERS[name])


@pytest.mark.skipif(not LABELS.is_file(), reason="the sample corpus has no labels yet")
def test_agrees_with_the_labels_of_the_sample_corpus(judge):
    rows = list(csv.DictReader(LABELS.read_text("utf-8").splitlines()))
    wrong = [
        row["file"]
        for row in rows
        if row["language"] == "en"
        and judge((ROOT / "gem_assets" / "sample_corpus" / row["file"]).read_text("utf-8"))
        != (row["multi_step"] == "true")
    ]
    assert len(wrong) <= len(rows) // 20, wrong


def test_refuses_a_language_it_does_not_read(document_of):
    document = document_of("打开设置，点击打印机。", language="zh").model_dump(mode="json")
    with pytest.raises(UnsupportedLanguageError) as caught:
        answer("filter_document", {"document": document})
    assert caught.value.language == "zh"


def test_refuses_a_task_it_does_not_know():
    with pytest.raises(ValueError, match="judge_trajectory"):
        answer("judge_trajectory", {})


@pytest.mark.parametrize("name", PROCEDURES)
def test_gives_the_same_bytes_for_the_same_text(name, run_all):
    assert run_all(name, PROCEDURES[name]) == run_all(name, PROCEDURES[name])


def test_two_documents_get_different_records(run_all):
    first = run_all("a", PROCEDURES["numbered"], "Reset the badge printer")[0].draft
    second = run_all("b", PROCEDURES["numbered"], "Reset the front desk printer")[0].draft
    assert [m.content for m in first.messages] != [m.content for m in second.messages]
