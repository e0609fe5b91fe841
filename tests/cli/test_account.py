import pytest
from attrs import evolve

from aiollm.cli.account import Account
from aiollm.types.usage import Usage

USAGE = Usage(prompt_tokens=25, completion_tokens=64, total_tokens=89)
KNOWN = Account(first_token=0.31, span=1.5, pieces=10, reasoned=False, usage=USAGE, finish_reason="stop")


def test_all_that_is_known_is_one_line() -> None:
    assert str(KNOWN) == "first token 0.31 s, 42.0 tokens/s, 25 prompt + 64 answer tokens"


def test_without_usage_the_rate_is_in_chunks_and_no_tokens_are_made_up() -> None:
    assert str(evolve(KNOWN, usage=None)) == "first token 0.31 s, 6.0 chunks/s"


def test_counts_of_zero_are_told_but_give_no_rate() -> None:
    zero = evolve(KNOWN, usage=Usage(prompt_tokens=0, completion_tokens=0))
    assert str(zero) == "first token 0.31 s, 6.0 chunks/s, 0 prompt + 0 answer tokens"


def test_reasoning_that_was_not_streamed_does_not_count_for_the_rate() -> None:
    details = {"reasoning_tokens": 33}
    usage = Usage(prompt_tokens=25, completion_tokens=64, completion_tokens_details=details)
    assert "20.0 tokens/s, 25 prompt + 64 answer" in str(evolve(KNOWN, usage=usage))
    assert "42.0 tokens/s" in str(evolve(KNOWN, usage=usage, reasoned=True))


@pytest.mark.parametrize(("span", "pieces"), [(0.0, 10), (0.009, 10), (0.0, 1)])
def test_an_answer_in_one_piece_has_no_rate(span: float, pieces: int) -> None:
    assert "/s" not in str(evolve(KNOWN, span=span, pieces=pieces))


def test_a_single_token_has_no_rate() -> None:
    assert "/s" not in str(evolve(KNOWN, usage=Usage(prompt_tokens=1, completion_tokens=1), pieces=1))


def test_a_fast_first_token_is_told_in_milliseconds() -> None:
    assert str(evolve(KNOWN, first_token=0.0042)).startswith("first token 0.004 s, ")


@pytest.mark.parametrize(
    ("reason", "pieces", "words"),
    [
        ("length", 10, "cut at the token limit"),
        ("content_filter", 0, "stopped by the provider's content filter"),
        ("stop", 0, "no text in the answer"),
    ],
)
def test_an_ending_that_is_not_the_usual_one_is_told(reason: str, pieces: int, words: str) -> None:
    assert str(evolve(KNOWN, finish_reason=reason, pieces=pieces)).endswith(f", {words}")
