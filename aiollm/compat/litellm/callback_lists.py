"""Who hears of calls: LiteLLM's four lists of callbacks, as the hooks of a client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from attrs import field, frozen

from aiollm.arguments import is_listing
from aiollm.hooks.callbacks import CustomLogger, callbacks

__all__ = ["CallbackLists"]


def _listed(given: Any) -> tuple[Any, ...]:
    return tuple(given) if is_listing(given) else (given,)


@frozen(kw_only=True)
class CallbackLists:
    """Functions and `CustomLogger` objects, by the name of the setting or argument that has them.

    Attributes:
        callbacks: hear of both endings; of a logger, all its methods.
        success_callback: hear of whole answers.
        failure_callback: hear of calls that failed or were left.
        input_callback: hear that a call begins.
    """

    callbacks: tuple[Any, ...] = field(default=(), converter=_listed)
    success_callback: tuple[Any, ...] = field(default=(), converter=_listed)
    failure_callback: tuple[Any, ...] = field(default=(), converter=_listed)
    input_callback: tuple[Any, ...] = field(default=(), converter=_listed)

    @classmethod
    def taken_from(cls, arguments: dict[str, Any]) -> Self:
        """Take those of one call out of its arguments."""
        return cls(**{name: arguments.pop(name) for name in cls.__annotations__ if arguments.get(name)})

    def with_those_of(self, call: CallbackLists) -> CallbackLists:
        """Return these, and those of a call."""
        return CallbackLists(**{name: getattr(self, name) + getattr(call, name) for name in self.__annotations__})

    def hooks(self) -> list[Any]:
        """Return what hears of calls, as the hooks of a client. A logger is told once, however often it is listed.

        Raises:
            TypeError: a callback is neither a function nor a `CustomLogger`, such as the name of a service.
        """
        loggers = {id(one): one for one in self._all() if isinstance(one, CustomLogger)}

        def functions(*lists: tuple[Any, ...]) -> list[Any]:
            return [one for listed in lists for one in listed if id(one) not in loggers]

        return [
            *loggers.values(),
            *callbacks(
                success=functions(self.callbacks, self.success_callback),
                failure=functions(self.callbacks, self.failure_callback),
                input=functions(self.input_callback),
            ),
        ]

    def _all(self) -> Iterable[Any]:
        return (*self.callbacks, *self.success_callback, *self.failure_callback, *self.input_callback)
