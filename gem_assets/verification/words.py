"""Sets of words, written as text.

Does not belong here: the words.
"""


def word_set(text: str) -> frozenset[str]:
    """Take the words of a text apart."""
    return frozenset(text.split())
