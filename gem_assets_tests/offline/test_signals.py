"""The signals of the filter: each found where it is, and not where something like it stands."""

import pytest

from gem_assets.offline.text.signals import SIGNALS, read_signals

PAIRS = {
    "version_headings": (
        "# Seal 2.4.1 (2024-05-02)\n\n- Add keys\n",
        "# 2.4. Sealing a letter\n\n- Add keys\n",
    ),
    "command_lines": (
        "Install the tool from the terminal:\n\n```\nsudo apt install seal\n```\n",
        "The file looks like this:\n\n```\n[seal]\nmode = strict\n```\n",
    ),
    "reference_headings": ("# NAME\n\nseal\n\n# SYNOPSIS\n\nseal FILE\n", "# Name your file\n\nPick one.\n"),
    "alternatives": (
        "Do one of the following:\n\n- Open the menu.\n",
        "Pages differ in size.\n\n- Open the menu.\n",
    ),
    "defined_items": ("- mode: how to seal\n- key: what to seal with\n- file: what to seal\n", "- Open it\n"),
    "numbered_steps": (
        "1. Open the menu.\n2. Click Save.\n3. Type a file name.\n",
        "1. Chess\n2. Checkers\n3. Dominoes\n",
    ),
    "conditions": ("To save the file, click Save.", "Click Save. This saves the file."),
    "option_lines": ("--mode M  how to seal\n--key K  with what\n", "- Open the menu\n- Close the menu\n"),
    "legal": ("The licensee gives no warranty; the licensor has no liability.", "Renew the form by mail."),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_signal_shows_where_it_is_and_not_beside_it(name):
    there, not_there = PAIRS[name]
    assert read_signals(there, None)[name] > read_signals(not_there, None)[name] == 0.0


@pytest.mark.parametrize("text", ["", "\n", "#", "x", "```", "1.", "- \n- \n"])
def test_every_signal_has_a_value_for_any_text(text):
    assert set(read_signals(text, None)) == set(SIGNALS)


def test_a_procedure_far_down_a_long_text_is_seen():
    prose = "The harbour was quiet, and nobody on the quay thought of the cranes.\n\n" * 60
    steps = "1. Open the portal and sign in.\n2. Click **Berths** and select a day.\n3. Press **Book**.\n"
    near, far = read_signals(steps, None), read_signals(prose + steps, None)
    for name in ("window_weight", "orders", "numbered_steps", "density"):
        assert far[name] == near[name]
