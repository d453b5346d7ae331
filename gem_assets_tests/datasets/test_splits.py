from hypothesis import given
from hypothesis import strategies as st

from gem_assets.datasets.recipes import SplitSettings
from gem_assets.datasets.splits import assign_splits, group_documents

documents = st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=30, unique=True)


@st.composite
def joined(draw):
    found = draw(documents)
    pairs = draw(st.lists(st.tuples(st.sampled_from(found), st.sampled_from(found)), max_size=30))
    return found, pairs


@given(joined())
def test_documents_that_are_alike_share_a_group_and_a_split(drawn):
    found, pairs = drawn
    groups = group_documents(found, pairs)
    splits = assign_splits(groups, SplitSettings(train=0.4, validation=0.3, test=0.3))
    assert set(groups) == set(found) == set(splits)
    for one, other in pairs:
        assert groups[one] == groups[other]
        assert splits[one] == splits[other]


@given(documents)
def test_what_is_alike_to_nothing_is_its_own_group_and_stays_where_it_is(found):
    settings = SplitSettings()
    alone = {document: assign_splits({document: document}, settings)[document] for document in found}
    assert group_documents(found, []) == {document: document for document in found}
    assert assign_splits(group_documents(found, []), settings) == alone


def test_the_shares_are_about_what_was_asked_for():
    groups = {str(number): str(number) for number in range(5000)}
    splits = list(assign_splits(groups, SplitSettings(train=0.8, validation=0.1, test=0.1)).values())
    assert [round(splits.count(split) / 5000, 1) for split in ("train", "validation", "test")] == [
        0.8,
        0.1,
        0.1,
    ]


def test_a_split_of_no_share_stays_empty():
    groups = {str(number): str(number) for number in range(500)}
    assert set(assign_splits(groups, SplitSettings(train=1, validation=0, test=0)).values()) == {"train"}
