import pytest

from gem_assets.verification.conversation.mentions import key_of, mentions, read_text
from gem_assets.verification.values import Scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Ship it to 12 Main Street.", "12 main street"),
        ("Ship it to Main Street 12.", "12 Main Street"),
        ("It costs $1,299.50.", 1299.5),
        ("At 1000 degrees", 1000.0),
        ("Two of them, please", 2),
        ("The 4th of March 2027", "2027-03-04"),
        ("non-glare glass", "non_glare"),
        ("my order w-1234", "W1234"),
        ("170cm", 170),
        ("Grüße aus Köln", "KÖLN"),
    ],
)
def test_finds_a_value_in_other_words(text: str, value: Scalar):
    assert mentions(read_text(text), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("order W-12345", "W1234"),
        ("w comes before 1234", "W1234"),
        ("that one, please", 1),
        ("yes", True),
        ("none", None),
        ("any text", ""),
        ("street", "12 Main Street"),
        ("x " * 400, "x " * 400),
    ],
)
def test_finds_no_value_that_is_not_there(text: str, value: Scalar):
    assert not mentions(read_text(text), value)


def test_numbers_of_any_size_have_a_key():
    assert key_of(10**5000) == ""
    assert key_of(-5) == "5"
    assert key_of(float("nan")) == ""
