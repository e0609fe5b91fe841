"""A credential is seen by nobody."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback

import pytest

from aiollm.types.secret import HiddenText, Secret

CANARY = "sk-canary-0123456789"


def traced(value: object) -> str:
    try:
        Secret(value)  # type: ignore[arg-type]
    except ValueError as error:
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
        inside = [
            frame for frame in trace.stack if frame.filename.endswith("secret.py") and "tests" not in frame.filename
        ]
        assert inside
        return str(error) + repr(error) + "".join(f"{frame.line} {frame.locals}" for frame in inside)
    pytest.fail("it was accepted")


def test_a_secret_is_shown_only_by_reveal() -> None:
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    for shown in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret} {secret!r}",
        repr([secret, {"k": secret}]),
    ):
        assert CANARY not in shown


def test_what_is_revealed_still_hides_in_a_repr() -> None:
    assert repr(Secret(CANARY).reveal()) == "***"
    assert CANARY not in repr({"Authorization": HiddenText(f"Bearer {CANARY}")})


def test_a_traceback_with_locals_does_not_show_it() -> None:
    secret = Secret(CANARY)
    header = HiddenText(f"Bearer {secret.reveal()}")
    try:
        raise RuntimeError(header and "x")
    except RuntimeError as error:
        trace = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "header = ***" in trace
    assert "sk-canary" not in trace.replace(f'CANARY = "{CANARY}"', "")


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (CANARY[:9] + "\n" + CANARY[9:], r"control character \(U\+000A\) at position 9 of 21"),
        (CANARY + "\x00x", r"U\+0000"),
        (CANARY + "\x7fx", r"U\+007F"),
        (CANARY + "é", r"outside ASCII \(U\+00E9\) at position 20 of 21"),
        ("", "is empty"),
        (" \n", "is empty"),
        (CANARY.encode(), "must be a string, not bytes"),
        (None, "must be a string, not NoneType"),
    ],
)
def test_a_value_no_header_can_carry_is_refused_without_being_shown(value: object, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Secret(value)  # type: ignore[arg-type]
    assert "canary" not in traced(value)


def test_white_space_around_a_key_is_stripped() -> None:
    assert Secret(f" {CANARY}\r\n").reveal() == CANARY


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not picklable: pass the name of its environment variable"):
        pickle.dumps(Secret(CANARY), protocol)


def test_a_copy_is_the_secret_itself() -> None:
    secret = Secret(CANARY)
    assert copy.deepcopy({"k": secret})["k"] is secret
    assert copy.copy(secret) is secret


def test_secrets_compare_by_value() -> None:
    assert Secret(CANARY) == Secret(CANARY) != Secret("other")
    assert Secret(CANARY) != CANARY
    assert len({Secret(CANARY), Secret(CANARY)}) == 1


def test_a_log_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("aiollm").debug("%s %r %s", Secret(CANARY), Secret(CANARY), {"h": Secret(CANARY).reveal()})
    assert caplog.text
    assert CANARY not in caplog.text
