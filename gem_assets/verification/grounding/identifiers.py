"""What names a record: which keys hold identifiers, and which values look like one.

Keys are read in the ways tools write them (`order_id`, `orderId`, `sku`, `reservation`), values by shape.
Does not belong here: where a value comes from (`provenance`), what a record holds (`entities`).
"""

import re
from functools import lru_cache

from pydantic import JsonValue

from gem_assets.verification.words import word_set

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ALNUM = re.compile(r"[^\W_]+")

_ALWAYS = word_set("id ids uuid uuids guid sku skus isbn vin iban imei pnr")
# Last words that name an identifier unless the word before them says otherwise.
_UNLESS: dict[str, frozenset[str]] = {
    "number": word_set(
        "phone fax mobile telephone cell contact house street page line floor size version episode season "
        "serial seat room row slot door version max min maximum minimum total of lucky call week day"
    ),
    "no": frozenset(),
    "code": word_set(
        "zip postal post country currency language lang error status area dial airport iata icao color "
        "colour "
        "exit http reason locale state unit source html region city origin destination response return "
        "result dress bar city station format time department class fare"
    ),
    "ref": frozenset(),
    "reference": frozenset(),
    "token": word_set("max maximum"),
}
# Keys whose value the caller makes up.
_OWN = word_set("idempotency correlation trace nonce dedup")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_STRONG = re.compile(
    r"[A-Za-z]{1,6}(?:[-_#][A-Za-z]{1,6})?[-_#]\d{3,12}|[A-Za-z]{1,5}\d{4,12}|#[A-Za-z]?\d{3,12}"
)
_LETTERS = re.compile(r"[^\W\d_]+")
_NOT_ID = re.compile(
    r"\d{4}-\d{2}(?:-\d{2})?(?:[T ].*)?|\d{1,2}:\d{2}.*|https?://.*|\S+@\S+\.\S+|v?\d+(?:\.\d+)+|"
    r"[+(]?\d[\d ()./-]{5,}|PT?\d+\w*|\S*\.[A-Za-z][A-Za-z0-9]{1,4}|[/~].*|\w+/\S+|"
    r"(?:ISO|RFC|EN|DIN|UTF|COVID|IEEE|USB|HTTP|SHA|AES|RTX|GTX|FY|Q\d|AD|BC|UTC|GMT)[-_ ]?\d+\S*|"
    r"\d+(?:st|nd|rd|th|[a-zA-Z]{1,4})",
    re.IGNORECASE,
)

_NOT_CLAIMED = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ].*)?|\d{1,2}:\d{2}.*|https?://.*|\S+@\S+\.\S+|\S*\.[A-Za-z][A-Za-z0-9]{1,4}|"
    r"[/~].*|\S+/\S+",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def words_of(name: str) -> tuple[str, ...]:
    """Cut a name as tools write it into lower-case words."""
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=8192)
def singular(word: str) -> str:
    """Take the plural from an English noun, roughly."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ses", "xes", "ches", "shes")) and len(word) > 4:
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@lru_cache(maxsize=8192)
def id_noun(key: str) -> str | None:
    """Say what a key identifies: `order` for `order_id`, empty for `id`; None where nothing."""
    words = list(words_of(key))
    if not words:
        return None
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    if last in _ALWAYS:
        noun = before or ("" if last in ("id", "ids", "uuid", "guid") else singular(last))
        return singular(noun) if noun else ""
    single = singular(last)
    if (
        single in _UNLESS
        and before
        and before not in _UNLESS[single]
        and words[0] not in ("num", "is", "has")
    ):
        return singular(before)
    return None


@lru_cache(maxsize=8192)
def is_own_key(key: str) -> bool:
    """Tell whether the caller makes up the value of a key (`idempotency_key`, `request_id`)."""
    words = words_of(key)
    return bool(_OWN & set(words))


@lru_cache(maxsize=16384)
def squash(text: str) -> str:
    """Write a text as its letters and digits alone, small: `R-5531` and `r5531` are one."""
    return "".join(_ALNUM.findall(text)).casefold()


def is_id_value(value: JsonValue) -> bool:
    """Tell whether a value can be an identifier: a number, or a text in one piece."""
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int):
        return True
    return isinstance(value, str) and 0 < len(value) <= 80 and not any(map(str.isspace, value))


@lru_cache(maxsize=16384)
def looks_like_id(text: str) -> bool:
    """Tell by its shape alone that a text is an identifier: `R-5531`, `ORD12345`, a UUID."""
    if not 4 <= len(text) <= 64:
        return False
    if _UUID.fullmatch(text):
        return True
    return _STRONG.fullmatch(text) is not None and _NOT_ID.fullmatch(text) is None


@lru_cache(maxsize=16384)
def is_claimed_id(text: str) -> bool:
    """Tell whether a text under an identifier's key is one: digits in it, and no date, address or file."""
    return len(text) >= 3 and any(map(str.isdecimal, text)) and _NOT_CLAIMED.fullmatch(text) is None


def family_of(value: JsonValue) -> str:
    """Give the letters an identifier starts with, small: `r` for `R-5531`; empty where there are none."""
    found = _LETTERS.match(value) if isinstance(value, str) else None
    return found.group().casefold() if found else ""
