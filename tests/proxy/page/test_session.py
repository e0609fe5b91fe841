"""Sessions that nobody but a holder of the master key can have."""

from __future__ import annotations

import pytest

from aiollm.proxy.page.session import SESSION_SECONDS, form_token, is_form_token, is_session, new_session
from aiollm.types.secret import Secret

MASTER, OTHER = Secret("sk-master-1"), Secret("sk-master-2")
NOW = 1_000_000.0


def test_a_session_lasts_its_time() -> None:
    cookie = new_session(MASTER, NOW)
    assert is_session(MASTER, cookie, NOW)
    assert is_session(MASTER, cookie, NOW + SESSION_SECONDS - 1)
    assert not is_session(MASTER, cookie, NOW + SESSION_SECONDS)


def test_another_master_key_ends_it() -> None:
    assert not is_session(OTHER, new_session(MASTER, NOW), NOW)


def test_sessions_differ_and_hold_nothing_of_the_key() -> None:
    one, two = new_session(MASTER, NOW), new_session(MASTER, NOW)
    assert one != two
    assert MASTER.reveal() not in one


def test_a_session_that_was_tampered_with_is_none() -> None:
    end, nonce, signature = new_session(MASTER, NOW).split(".")
    for forged in (
        f"{int(end) + 1}.{nonce}.{signature}",
        f"{end}.{nonce}x.{signature}",
        f"{end}.{nonce}.{signature[:-1]}",
        f"{end}.{nonce}.",
    ):
        assert not is_session(MASTER, forged, NOW)


@pytest.mark.parametrize("cookie", [None, "", ".", "...", "x", "1.2.3", "\udcff.\udcff.\udcff", "9" * 5000])
def test_what_is_no_cookie_of_ours_is_no_session(cookie: str | None) -> None:
    assert not is_session(MASTER, cookie, NOW)


def test_a_form_is_of_its_session_only() -> None:
    one, two = new_session(MASTER, NOW), new_session(MASTER, NOW)
    assert is_form_token(MASTER, one, form_token(MASTER, one))
    assert not is_form_token(MASTER, two, form_token(MASTER, one))
    assert not is_form_token(MASTER, one, "")


def test_a_signature_of_one_purpose_is_none_of_another() -> None:
    """A form's token, taken for a signature, would be a session."""
    claim = "9999999999.x"
    assert not is_session(MASTER, f"{claim}.{form_token(MASTER, claim)}", NOW)
