import pytest

from gem_assets.llm.faults.allowance import Room, room_for_answer


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("max_tokens is too large: 20480. This model supports at most 16384 completion tokens", Room(16384)),
        ("`max_tokens` must be less than or equal to `8192`", Room(8192)),
        ("max_tokens: 20480 > 8192, which is the maximum allowed number of output tokens", Room(8192)),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", Room(8192)),
        (
            "This model's maximum context length is 16384 tokens. However, you requested 20780 tokens "
            "(300 in the messages, 20480 in the completion).",
            Room(16084),
        ),
        (
            "This model's maximum context length is 2048 tokens. However, your request has 8 input tokens "
            "plus 2045 'max_tokens'. Please reduce one or the other.",
            Room(2040),
        ),
        (
            "You passed 99073 input tokens and requested 32000 output tokens. However, the model's context "
            "length is only 131072 tokens, resulting in a maximum input length of 99072 tokens.",
            Room(31999, exact=False),
        ),
        (
            "This model's maximum context length is 4096 tokens. However, you requested 20780 tokens "
            "(9000 in the messages, 11780 in the completion).",
            None,
        ),
        ("This model's maximum context length is 4096 tokens, your messages resulted in 9001 tokens", None),
        ("weird", None),
    ],
)
def test_reads_the_room_for_the_answer_out_of_each_providers_words(text, room):
    assert room_for_answer(text) == room
