"""What a model's requests take, learned from what its earlier ones took."""

import pytest

from aiollm.core.quota import Amounts
from aiollm.middleware.token_estimates import FEWEST_ANSWERS, KEPT_ANSWERS, UNKNOWN_ANSWER, ModelEstimates
from aiollm.types.request import Request


def request(text: str = "a" * 383, **params: int) -> Request:
    return Request(model="m", messages=[{"content": text}], params=params)


def taught(input_tokens: float, *outputs: float) -> ModelEstimates:
    estimates = ModelEstimates()
    for output_tokens in outputs:
        estimates.learn(estimates.estimate(request()), input_tokens, output_tokens)
    return estimates


def test_first_a_token_is_four_bytes_and_an_answer_as_long_as_it_may_be():
    estimates = ModelEstimates()
    assert estimates.estimate(request()) == Amounts(1, 101.5, UNKNOWN_ANSWER)
    assert estimates.estimate(request(max_tokens=7)) == Amounts(1, 101.5, 7)


def test_then_an_answer_is_as_long_as_nineteen_in_twenty_were():
    estimates = taught(100, *([50] * 75 + [900] * 5))
    assert estimates.estimate(request(max_tokens=4_000)).output_tokens == 900
    estimates = taught(100, *([50] * 79 + [900] * 1))
    assert estimates.estimate(request(max_tokens=4_000)).output_tokens == 50
    assert estimates.estimate(request()).output_tokens == 50
    assert estimates.estimate(request(max_tokens=7)).output_tokens == 7


def test_a_few_answers_say_nothing():
    assert taught(100, *[5] * (FEWEST_ANSWERS - 1)).estimate(request(max_tokens=400)).output_tokens == 400
    assert taught(100, *[5] * FEWEST_ANSWERS).estimate(request(max_tokens=400)).output_tokens == 5


def test_the_usual_length_is_that_of_the_last_answers():
    estimates = taught(100, *([900] * KEPT_ANSWERS + [50] * KEPT_ANSWERS))
    assert estimates.estimate(request()).output_tokens == 50


def test_the_bytes_of_a_token_are_learned():
    estimates = taught(203, *[5] * 100)
    assert estimates.estimate(request()).input_tokens == pytest.approx(203, rel=0.01)


def test_a_count_beyond_belief_does_not_spoil_the_estimates():
    assert taught(1e12, *[5] * 100).estimate(request()).input_tokens <= 406 / 0.5
    assert taught(1e-12, *[5] * 100).estimate(request()).input_tokens >= 406 / 16
