"""Whether a deployment is fit to be asked: pure, with the time passed in.

A deployment that fails too often is left alone for a while. Then a single call tries it; the others go on elsewhere
until that one has got its first content. One that fails again soon after is left alone for twice as long.

Only what a deployment is to blame for counts. A request that is wrong, too long, refused for its content or meant for
a model that is not there (400, 404, 422) fails anywhere, and says nothing about where it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aiollm.exceptions import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConnectError,
    DNSError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
    TLSError,
    ToolCallIncomplete,
)
from aiollm.router.window import SlidingCount

__all__ = ["CooldownRules", "Health"]

ALLOWED_FAILS = 3
FAILING_SHARE = 0.5
"""Left alone, unless the user says otherwise: what failed more often than this within a minute, and at least half of
its attempts."""

ALLOWED_FAILS_ALONE = 19
"""For the only deployment of a model, all of whose attempts must have failed."""

LONGEST_COOLDOWN_SECONDS = 60.0
"""How long repeated failures may leave a deployment alone."""

LONGEST_RETRY_AFTER_SECONDS = 3600.0
"""How long a provider may ask to be left alone before one call tries again."""

WATCH_SECONDS = 60.0
"""After this long without a failure a deployment is as good as any other."""

_BLAMELESS = (BadRequestError, NotFoundError, ToolCallIncomplete)
_STANDING = (AuthenticationError, PermissionDeniedError, ConnectError, DNSError, TLSError)
_TOO_BUSY = (RateLimitError, ServiceUnavailableError)


class CooldownRules(msgspec.Struct, frozen=True, kw_only=True):
    """When a deployment is left alone, and for how long.

    Attributes:
        seconds: for how long at first; 0 never leaves it alone.
        allowed_fails: how many failures a minute are borne; None for the rules of this module.
        by_class: error class -> how many failures a minute of that class are borne, whatever it is; the nearest class
            of an error holds.
    """

    seconds: float = 5.0
    allowed_fails: int | None = None
    by_class: Mapping[type[APIError], int] = {}

    def named(self, error: APIError) -> type[APIError] | None:
        """Return the class that `by_class` knows an error by."""
        return next((cls for cls in type(error).__mro__ if cls in self.by_class), None)


class Health:
    """The state of one deployment: well, left alone until a time, or being tried.

    Attributes:
        until: until when it is left alone, in seconds; None while it is well.
        cause: the class of the error it was left alone for.
        trying: whether a call is finding out if it is well again.
    """

    def __init__(self, rules: CooldownRules) -> None:
        self.until: float | None = None
        self.cause: type[APIError] | None = None
        self._rules = rules
        self._attempts = SlidingCount()
        self._failures = SlidingCount()
        self._of_class: dict[type[APIError], SlidingCount] = {}
        self._in_a_row = 0  # times it was left alone, without a while of being well between
        self._recovered: float | None = None
        self.trying: bool = False

    def fit(self, now: float) -> bool:
        """Whether it may be asked now."""
        return self.until is None or (now >= self.until and not self.trying)

    def fit_in(self, now: float) -> float:
        """Return how many seconds it will be left alone yet."""
        return 0.0 if self.until is None else max(0.0, self.until - now)

    def started(self, now: float) -> None:
        """Note that it is asked."""
        self._attempts.add(now)
        if self.until is not None:
            self.trying = True

    def answered(self, now: float, started: float) -> None:
        """Note that the first content of an attempt has come, which began at `started`."""
        if self.until is not None and started >= self.until:
            self.until = None
            self.trying = False
            self._recovered = now
            self._forget()

    def withdrawn(self, started: float) -> None:
        """Note that an attempt was given up, or never sent: it tells nothing."""
        if self.until is not None and started >= self.until:
            self.trying = False

    def failed(self, error: APIError, now: float, started: float, *, alone: bool) -> None:
        """Note that an attempt failed.

        Args:
            error: what it failed with.
            now: the time.
            started: when it began. Attempts from before the deployment was left alone say nothing new.
            alone: whether no other deployment could take the attempt.
        """
        counted = not isinstance(error, _BLAMELESS) or self._rules.named(error) is not None
        if not self._rules.seconds or not counted:
            # It was reached, and answered: that is what a try is to find out.
            self.answered(now, started)
        elif self.until is not None:
            if started >= self.until:
                self._leave_alone(error, now, alone=alone)
        elif (self._recovered is None or started >= self._recovered) and self._is_too_much(error, now, alone=alone):
            self._leave_alone(error, now, alone=alone)

    def _is_too_much(self, error: APIError, now: float, *, alone: bool) -> bool:
        self._failures.add(now)
        named = self._rules.named(error)
        if named is not None:
            of_class = self._of_class.setdefault(named, SlidingCount())
            of_class.add(now)
            return of_class.total(now) > self._rules.by_class[named]
        if not alone and (isinstance(error, _STANDING) or _asks_for_time(error)):
            return True
        failures = self._failures.total(now)
        if self._rules.allowed_fails is not None:
            return failures > self._rules.allowed_fails
        attempts = self._attempts.total(now)
        if alone:
            return failures > ALLOWED_FAILS_ALONE and failures >= attempts
        if isinstance(error, RateLimitError) or self._is_watched(now):
            return True
        return failures > ALLOWED_FAILS and failures >= FAILING_SHARE * attempts

    def _is_watched(self, now: float) -> bool:
        """Whether it has recovered only just."""
        return self._recovered is not None and now - self._recovered < WATCH_SECONDS

    def _leave_alone(self, error: APIError, now: float, *, alone: bool) -> None:
        if self.until is None and not self._is_watched(now):
            self._in_a_row = 0
        seconds = self._rules.seconds * 2**self._in_a_row
        seconds = min(seconds, max(LONGEST_COOLDOWN_SECONDS, self._rules.seconds))
        if not alone and _asks_for_time(error):
            assert error.retry_after is not None
            seconds = max(seconds, min(error.retry_after, LONGEST_RETRY_AFTER_SECONDS))
        if seconds < LONGEST_COOLDOWN_SECONDS:
            self._in_a_row += 1
        self.until = now + seconds
        self.cause = type(error)
        self.trying = False
        self._forget()

    def _forget(self) -> None:
        self._attempts.clear()
        self._failures.clear()
        self._of_class.clear()


def _asks_for_time(error: APIError) -> bool:
    """Whether the provider says when to come back."""
    return isinstance(error, _TOO_BUSY) and error.retry_after is not None and error.retry_after > 0
