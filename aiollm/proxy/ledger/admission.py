"""Limits and budgets in memory: reserved when a call is let in, settled once when it has ended, however it did.

Nothing is looked up: a call costs a few additions. Only where limits are shared, and this worker holds too little of
them, does a call wait for more. A budget can be overrun by no more than calls cost beyond their estimates, because what
is in flight counts as spent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from aiollm.core.quota import NOTHING, Amounts
from aiollm.proxy.inbound.failure import Failure, Refusal
from aiollm.proxy.keys.holder import Holder, HolderId, Kind
from aiollm.proxy.ledger.limits import UNLIMITED, AskedQuota, HolderLimits, HolderQuota, OwnLimits
from aiollm.proxy.ledger.row import Charge, dollars

__all__ = ["Admissions", "Reservation"]


class _Account(msgspec.Struct):
    """What a holder has spent and taken, at present.

    Attributes:
        charge: whose it is, and the beginning of the budget's period that the sums are of.
        quota: its limits; None where it has none.
        limits: those that the quota was made for.
        holder: the holder as it was at the last look; None before the first.
        until: the end of the period.
        spent: what the store knew of, when it was asked last.
        unwritten: what was settled here since.
        reserved: what calls in flight may cost.
        written: what was written since the others were told.
        elsewhere: what is pending with other workers, as far as they have told.
    """

    charge: Charge
    quota: HolderQuota | None = None
    limits: tuple[int | None, int | None, int | None] = UNLIMITED
    holder: Holder | None = None
    until: float = math.inf
    spent: int = 0
    unwritten: int = 0
    reserved: int = 0
    written: int = 0
    elsewhere: int = 0

    @property
    def period(self) -> float:
        return self.charge.period

    @property
    def budgeted(self) -> bool:
        """Whether there is a budget to keep."""
        return self.holder is not None and self.holder.budget is not None

    def covers(self, budget: int, cost: int) -> bool:
        """Whether there is room for a cost; a budget that is spent has none for what is free."""
        total = self.spent + self.unwritten + self.reserved + self.elsewhere
        return total < budget and total + cost <= budget


class Reservation(msgspec.Struct, eq=False):
    """What a call has been let in with. It is settled exactly once; further settlements change nothing."""

    _accounts: Sequence[_Account]
    _amounts: Amounts
    _cost: int
    _now: float
    # By the time places are given back the accounts may have other quotas.
    _taken: list[HolderQuota] = []
    _untold: list[tuple[Holder, AskedQuota]] = []
    _settled: bool = False

    @property
    def charges(self) -> tuple[Charge, ...]:
        """Whose budgets its row is to charge, in the periods that it was let in."""
        return tuple([account.charge for account in self._accounts])

    @property
    def waits(self) -> bool:
        """Whether the call is not let in yet: some limits are shared, and too little of them is held here."""
        return bool(self._untold)

    def take(self, holder: Holder, quota: HolderQuota) -> None:
        """Take what the call needs of a holder's limits.

        Raises:
            Refusal: they are reached.
        """
        wait = quota.take(self._amounts, self._now)
        if wait is None:
            assert isinstance(quota, AskedQuota)
            self._untold.append((holder, quota))
        elif wait:
            raise _too_many(holder, wait)
        else:
            self._taken.append(quota)

    async def told(self) -> None:
        """Wait until the call is let in. Cancelling gives all back.

        Raises:
            Refusal: a limit is reached; nothing is taken then.
        """
        try:
            while self._untold:
                holder, quota = self._untold[-1]
                wait = await quota.take_when_told(self._amounts)
                if wait:
                    raise _too_many(holder, wait)
                self._untold.pop()
                self._taken.append(quota)
        except BaseException:
            self.settle(self._now, tokens=0, cost=0, sent=False)
            raise

    def settle(self, now: float, *, tokens: int | None, cost: int, sent: bool = True) -> None:
        """Give back the call's places, and book what it really took.

        Args:
            now: the time of the clock that it was let in by.
            tokens: those of the prompt and the answer; None where nobody counted: the estimate stands.
            cost: in billionths of a US dollar.
            sent: whether anything was sent; if not, the minute's room is given back as well.
        """
        if self._settled:
            return
        self._settled = True
        for account in self._accounts:
            account.reserved -= self._cost
            account.unwritten += cost
        real = self._amounts if tokens is None else Amounts(1, tokens)
        for quota in self._taken:
            quota.settle(self._amounts, real if sent else NOTHING, self._now, now)
            quota.release(now)


class Admissions:
    """Lets calls in, by the limits and budgets of those who make them.

    Args:
        over_budget: the status for a budget that is spent (LiteLLM says 422).
        limits: where the limits of holders are kept.
    """

    def __init__(self, over_budget: int = 429, limits: HolderLimits | None = None) -> None:
        self.over_budget: int = over_budget
        self.limits: HolderLimits = limits or OwnLimits()
        self._accounts: dict[tuple[Kind, str], _Account] = {}  # by the kind and the name of their holders

    def admit(self, holders: Sequence[Holder], now: float, clock: float, *, tokens: int, cost: int) -> Reservation:
        """Let a call in; where the reservation `waits`, that is only once it was `told`.

        Args:
            holders: who makes it: the key, its team and its user.
            now: the time, in seconds since 1970, by which budgets are counted.
            clock: the time of a clock that never goes back, by which minutes are counted.
            tokens: how many the call will take, as an estimate: the prompt's, and the most of the answer's.
            cost: what the call may cost, in billionths of a US dollar.

        Raises:
            Refusal: a limit is reached, or a budget spent; nothing is taken then.
        """
        accounts: list[_Account] = []
        for holder in holders:
            account = self._account(holder, now)
            if holder.budget is not None and not account.covers(holder.budget, cost):
                raise self._spent(holder, account, now)
            accounts.append(account)
        reservation = Reservation(accounts, Amounts(1, tokens), cost, clock)
        for account in accounts:
            account.reserved += cost
        try:
            for holder, account in zip(holders, accounts, strict=True):
                if account.quota is not None:
                    reservation.take(holder, account.quota)
        except Refusal:
            reservation.settle(clock, tokens=0, cost=0, sent=False)
            raise
        return reservation

    def spent(self, holder: Holder, now: float) -> int:
        """Return what a holder has spent in the present period, in billionths of a US dollar."""
        account = self._account(holder, now)
        return account.spent + account.unwritten

    def written(self, charges: Mapping[tuple[HolderId, float], int]) -> None:
        """Take note of sums that are now in the store: by holder and beginning of the period."""
        for (name, period), cost in charges.items():
            account = self._accounts.get(name)
            if account is not None and account.period == period:
                account.spent += cost
                account.unwritten -= cost
                account.written += cost

    def refresh(self, balances: Mapping[tuple[HolderId, float], int]) -> None:
        """Take over what the store knows was spent, by this process and all others."""
        for (name, period), spent in balances.items():
            account = self._accounts.get(name)
            if account is None or account.period < period:
                account = self._accounts[name] = _later(account, Charge(*name, period))
            if account.period == period:
                account.spent = spent

    @property
    def knows_budgets(self) -> bool:
        """Whether there is anything that workers have to tell each other."""
        return any(account.budgeted for account in self._accounts.values())

    def pending(self) -> tuple[dict[tuple[HolderId, float], int], dict[tuple[HolderId, float], int]]:
        """Return what is reserved or unwritten of budgets, and what was written since this was asked last."""
        pending: dict[tuple[HolderId, float], int] = {}
        written: dict[tuple[HolderId, float], int] = {}
        for name, account in self._accounts.items():
            if account.budgeted:
                budget = HolderId(*name), account.period
                pending[budget] = account.unwritten + account.reserved
                written[budget], account.written = account.written, 0
        return pending, written

    def learn(self, elsewhere: Mapping[tuple[HolderId, float], int]) -> None:
        """Take over what is pending with other workers, and nothing else."""
        for name, account in self._accounts.items():
            account.elsewhere = elsewhere.get((HolderId(*name), account.period), 0)

    def _account(self, holder: Holder, now: float) -> _Account:
        account = self._accounts.get((holder.kind, holder.name))
        if account is not None and account.holder is holder and now < account.until:
            return account
        period, end = holder.period_start(now), holder.period_end(now)
        if account is None or account.period != period:
            account = self._accounts[holder.id] = _later(account, Charge(holder.kind, holder.name, period))
        if account.limits != holder.limits:
            account.limits, account.quota = holder.limits, self.limits.of(holder)
        account.holder, account.until = holder, math.inf if end is None else end
        return account

    def _spent(self, holder: Holder, account: _Account, now: float) -> Refusal:
        end = holder.period_end(now)
        spent, pending = account.spent + account.unwritten, account.reserved + account.elsewhere
        message = (
            f"the budget of this {holder.kind} does not cover the call: of {dollars(holder.budget or 0):.6g} dollars "
            f"{dollars(spent):.6g} are spent, {dollars(pending):.6g} reserved"
        )
        wait = None if end is None else end - now
        return Refusal(Failure(self.over_budget, message, "budget_exceeded", "budget_exceeded", None, False, wait))


def _later(before: _Account | None, charge: Charge) -> _Account:
    """Return the account of another period. What is in flight settles with that of its own."""
    return _Account(charge) if before is None else _Account(charge, before.quota, before.limits)


def _too_many(holder: Holder, wait: float) -> Refusal:
    if math.isinf(wait):
        message = f"this {holder.kind} has as many requests in flight as it may: {holder.parallel}"
        wait = 1.0
    else:
        limits = [
            f"{limit} {unit} a minute" for limit, unit in ((holder.rpm, "requests"), (holder.tpm, "tokens")) if limit
        ]
        message = f"this {holder.kind} has reached its limit of {' or '.join(limits)}; there is room in {wait:.3g} s"
    return Refusal(Failure(429, message, "rate_limit_exceeded", "rate_limit_error", None, True, wait))
