"""The vocabularies are those of the paper's prompt, and agree with the records."""

import re
from typing import get_args

import pytest

from gem_assets.prompts.vocabulary import DOMAINS, PATTERNS, PLATFORMS, TASK_CATEGORIES
from gem_assets.records.document import Platform


@pytest.mark.parametrize(
    ("labels", "count"), [(PLATFORMS, 5), (DOMAINS, 26), (TASK_CATEGORIES, 38), (PATTERNS, 5)]
)
def test_has_the_papers_number_of_distinct_labels(labels, count):
    assert len(labels) == len(set(labels)) == count
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", label) for label in labels)


def test_platforms_are_those_of_the_record():
    assert get_args(Platform) == PLATFORMS
