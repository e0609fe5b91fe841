"""Which groups stand in for one that fails: LiteLLM's lists, such as `[{"gpt-4o": ["claude", "gemini"]}]`."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aiollm.types.shape import JSON, is_mapping

__all__ = ["FallbackLists", "read_fallbacks"]

ANY = "*"

Lists = Mapping[str, tuple[str, ...]]


class FallbackLists(msgspec.Struct, frozen=True, kw_only=True):
    """The groups that stand in for others, by the reason; the name `*` is any group that has no list of its own.

    Attributes:
        general: for every reason that has no list of its own.
        context_window: for a prompt that is too long.
        content_policy: for a prompt or an answer that is refused for its content.
        most: how many groups may stand in at the most.
    """

    general: Lists = {}
    context_window: Lists = {}
    content_policy: Lists = {}
    most: int = 5

    def __bool__(self) -> bool:
        return bool(self.general or self.context_window or self.content_policy)

    def names(self) -> set[str]:
        """Return all groups that stand in for one."""
        lists = (self.general, self.context_window, self.content_policy)
        return {name for each in lists for names in each.values() for name in names}

    @staticmethod
    def has(lists: Lists, group: str) -> bool:
        """Whether it is said who stands in for a group, be it nobody."""
        return group in lists or ANY in lists

    def after(self, lists: Lists, group: str) -> tuple[str, ...]:
        """Return the groups that stand in for one, in order: each is followed by those that stand in for itself."""
        if not lists:
            return ()
        found: list[str] = []
        waiting = [group]
        while waiting:
            name = waiting.pop()
            if name in found or (found and name == group):
                continue
            found.append(name)
            source = lists if name == group else self.general
            waiting.extend(reversed(source.get(name, source.get(ANY, ()))))
        return tuple(found[1 : self.most + 1])


def read_fallbacks(argument: str, given: JSON) -> dict[str, tuple[str, ...]]:
    """Return lists of fallbacks by group.

    Args:
        argument: its name, for messages.
        given: dicts of a group and the list of those that stand in for it.

    Raises:
        ValueError: it is something else.
    """
    read: dict[str, tuple[str, ...]] = {}
    if given is None:
        return read
    if not isinstance(given, list | tuple):
        raise ValueError(f'{argument} must be a list like [{{"gpt-4o": ["claude"]}}]; got a {type(given).__name__}')
    for place, entry in enumerate(given):
        if not is_mapping(entry):
            raise ValueError(f'{argument}[{place}] must be a dict like {{"gpt-4o": ["claude"]}}; got {entry!r}')
        for group, names in entry.items():
            read[group] = read_names(f"{argument}[{place}][{group!r}]", names)
    return read


def read_names(argument: str, given: JSON) -> tuple[str, ...]:
    """Return names of groups.

    Raises:
        ValueError: it is no list of texts.
    """
    if not isinstance(given, list | tuple) or not all(isinstance(name, str) for name in given):
        raise ValueError(f"{argument} must be a list of names of models; got {given!r}")
    return tuple(given)
