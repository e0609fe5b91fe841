import math

import pytest

from aiollm.types.lenient import is_json, lenient_json, whole_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":[1,2.5,"\xc3\xa9",null,true]}', {"a": [1, 2.5, "é", None, True]}),
        (b'"a\xffb"', "a\ufffdb"),
        (b'"a\\ud83d"', "a\ufffd"),
        (b'["\\ud83d","\\ude00"]', ["\ufffd", "\ufffd"]),
        (b'"\\ud83d\\ude00 \\ud83d"', "\U0001f600 \ufffd"),
        (b'{"a":Infinity,"b":-Infinity}', {"a": math.inf, "b": -math.inf}),
        (b' {"a":1e999}\n', {"a": math.inf}),
    ],
)
def test_what_servers_write_is_read(text: bytes, value: object) -> None:
    assert lenient_json(text) == value


def test_nan_is_read() -> None:
    assert math.isnan(lenient_json(b"NaN"))


@pytest.mark.parametrize("text", [b"", b"{", b"hello", b'{"a":1}x', b"[" * 100_000, b"{'a':1}", b"\xff"])
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        lenient_json(text)


@pytest.mark.parametrize("text", ["", "{", "NaN", '"a', "[" * 100_000, b"\xff", '{"a":1}x'])
def test_what_is_no_json_is_told(text: str | bytes) -> None:
    assert not is_json(text)


@pytest.mark.parametrize("text", ["{}", ' {"a":[1]} ', b"null"])
def test_what_is_json_is_told(text: str | bytes) -> None:
    assert is_json(text)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        (7.9, 7),
        (2**63 - 1, 2**63 - 1),
        *((value, 0) for value in (None, "7", [7], -1, 2**63, 10**400, 1e300, math.inf, -math.inf, math.nan)),
    ],
)
def test_a_whole_number_is_one_that_json_can_carry_on(value: object, number: int) -> None:
    assert whole_number(value) == number
