"""README does not drift: its tree is the tree, its stage table the stages, its commands exist."""

import re
from pathlib import Path

from gem_assets.cli import main
from gem_assets.stages.catalog import ASSETS
from gem_assets_tests.browser.screenshots import HEAVIEST

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text("utf-8")


def tree():
    """The entries of the code block under `## The code`, as paths."""
    block = README.split("## The code")[1].split("```")[1]
    folder = ""
    for line in block.strip().splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            folder = name
            yield folder.rstrip("/")
        else:
            yield folder + name.rstrip("/")


def test_every_entry_of_the_tree_exists():
    for entry in tree():
        assert (CHECKOUT / entry).exists(), entry


def test_every_room_stands_in_the_tree():
    told = set(tree())
    for top in ("gem_assets", "sql"):
        for path in (CHECKOUT / top).iterdir():
            if path.name.startswith(("__", ".")):
                continue
            assert path.relative_to(CHECKOUT).as_posix() in told, path


def test_the_stage_table_is_the_stages():
    numbered = re.findall(r"^\| \d \| `(\w+)`", README, re.MULTILINE)
    assert tuple(numbered[: len(ASSETS)]) == ASSETS


def test_every_command_that_is_named_exists():
    named = set(re.findall(r"^gem ([\w-]+)", README, re.MULTILINE)) | set(
        re.findall(r"`gem ([\w-]+)", README)
    )
    assert named
    assert named <= set(main.commands)


def test_every_make_target_that_is_named_exists():
    makefile = (CHECKOUT / "Makefile").read_text()
    for target in set(re.findall(r"(?:^|`)make ([\w-]+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_picture_is_there_small_and_told_in_words():
    pictures = re.findall(r"!\[(.*?)\]\((.*?)\)", README)
    folder = CHECKOUT / "gem_assets_tests" / "browser" / "screenshots"
    assert {CHECKOUT / path for _, path in pictures} == set(folder.iterdir())
    for words, path in pictures:
        assert len(words.split()) > 8, path
        picture = (CHECKOUT / path).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) < HEAVIEST
