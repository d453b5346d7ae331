import pytest

from gem_assets.display import figures
from gem_assets.display.figures import Spend
from gem_assets.display.visible import plain, shortened, visible, visible_lines


@pytest.mark.parametrize(
    ("dollars", "written"),
    [
        (None, "unknown"),
        (0, "$0.00"),
        (0.00001, "<$0.0001"),
        (0.0012, "$0.0012"),
        (0.75, "$0.75"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_shows_the_digits_that_tell(dollars: float | None, written: str):
    assert figures.money(dollars) == written


def test_a_cost_that_is_known_in_part_is_unknown():
    assert figures.spend(Spend(None, 0.5, 3)) == "unknown (over $0.50)"
    assert figures.spend(Spend(None, 0, 3)) == "unknown"
    assert figures.spend(None) == "-"


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "-"), (0.0, "0%"), (1.0, "100%"), (0.99999, "99.9%"), (0.00001, "0.1%"), (0.5, "50.0%")],
)
def test_only_a_whole_is_written_100_percent(value: float | None, written: str):
    assert figures.share(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(None, "-"), (3.21, "3.2 s"), (75, "1 min 15 s"), (3600 * 26 + 90, "26 h 1 min")]
)
def test_a_time_is_written_in_its_two_largest_units(seconds: float | None, written: str):
    assert figures.duration(seconds) == written


@pytest.mark.parametrize(
    ("value", "written"), [(9999, "9,999"), (12_345, "12.3 k"), (2_924_826, "2.92 M"), (340_000_000, "340 M")]
)
def test_large_numbers_keep_three_digits(value: int, written: str):
    assert figures.compact(value) == written


def test_nouns_follow_their_number():
    assert figures.things(1, "trajectory") == "1 trajectory"
    assert figures.things(2000, "trajectory") == "2,000 trajectories"


def test_acting_characters_are_spelled_out_and_letters_of_any_script_stay():
    assert visible("é漢 \x00\x1b\u202e\u2028\n") == "é漢 \\x00\\x1b\\u202e\\u2028\\n"
    assert visible_lines("a\tb\n\x0bc") == ["a   b", "\\x0bc"]
    assert plain("é\x1b") == "\\xe9\\x1b"


def test_what_is_cut_off_is_counted():
    assert shortened("abcdef", 4) == "abcd [2 more characters]"
    assert shortened("abcd", 4) == "abcd"
