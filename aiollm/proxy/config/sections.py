"""One section of the configuration into its class: every member by its kind, every other name by what it may mean."""

from __future__ import annotations

from typing import Any, TypeVar

from aiollm.proxy.config.document import Value
from aiollm.proxy.config.kinds import Kind, Unfit
from aiollm.proxy.config.names import NEEDLESS, UNSUPPORTED
from aiollm.proxy.config.problem import Problems, meant
from aiollm.proxy.config.section import Section

__all__ = ["member_fault", "read_member", "read_section"]

S = TypeVar("S", bound=Section)


def read_section(kind: type[S], value: Value, key: str, problems: Problems) -> S:
    """Return a section; what cannot be read of it is noted as a problem and has its default.

    Args:
        kind: the class of the section.
        value: the section in the document.
        key: where it is, as in `litellm_settings.cache_params`; the last name says which names LiteLLM has there.
        problems: where to note what is wrong.
    """
    if value.content is None:
        return kind()
    if not isinstance(value.content, dict):
        problems.error(value, key, f"must be a mapping; got {value.shape}")
        return kind()
    given: dict[str, Any] = {}
    for name, member in value.content.items():
        if name in kind.kinds:
            read_member(kind.kinds[name], name, member, f"{key}.{name}", given, problems)
        else:
            _unknown(name, member, key, tuple(kind.kinds), problems)
    return kind(**given)


def read_member(
    kind: Kind[Any] | type, name: str, value: Value, key: str, given: dict[str, Any], problems: Problems
) -> None:
    """Put a setting among those given; where it cannot be read, note why."""
    if isinstance(kind, type):
        given[name] = read_section(kind, value, key, problems)
    elif value.content is not None:  # null is the default
        try:
            given[name] = kind.read(value)
        except Unfit as unfit:
            problems.error(unfit.value, key, member_fault(kind, unfit))


def member_fault(kind: Kind[Any], unfit: Unfit) -> str:
    """Return what is wrong with a setting; never what it is."""
    return unfit.message or f"must be {kind.expected}; got {unfit.value.shape}"


def _unknown(name: str, value: Value, key: str, known: tuple[str, ...], problems: Problems) -> None:
    section = key.rpartition(".")[2]
    if name in NEEDLESS.get(section, ()):
        return
    if name in UNSUPPORTED.get(section, ()):
        message = "is a setting of LiteLLM's that is not supported here; it has no effect"
    else:
        message = f"is no setting that is known{meant(name, known)}; it has no effect"
    problems.warning(value, f"{key}.{name}", message)
