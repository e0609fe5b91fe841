"""The text of a configuration into a `Config`, or into all that is wrong with it. It reads no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from aiollm.providers.environment import Environment
from aiollm.proxy.config.document import Value, parse_document
from aiollm.proxy.config.models import read_deployments
from aiollm.proxy.config.names import CALLBACKS, PRE_CALL_CHECKS, UNSUPPORTED
from aiollm.proxy.config.problem import ConfigError, Problem, Problems, meant
from aiollm.proxy.config.section import Section
from aiollm.proxy.config.sections import read_section
from aiollm.proxy.config.settings import (
    CALL_TYPES,
    AiollmSettings,
    Config,
    GeneralSettings,
    LiteLLMSettings,
    RouterSettings,
)
from aiollm.types.secret import HiddenText

__all__ = ["Marks", "Reading", "Source", "included_names", "parse_config"]

Marks = dict[Path, tuple[int, int] | None]
"""By the files of a configuration, what tells whether one has changed."""

_REFERENCE = "os.environ/"
_SECTIONS: Mapping[str, type[Section]] = {
    "litellm_settings": LiteLLMSettings,
    "router_settings": RouterSettings,
    "general_settings": GeneralSettings,
    "aiollm_settings": AiollmSettings,
}
_LISTS = ("model_list", "credential_list", "include")
_NAMED = (
    ("router_settings", "optional_pre_call_checks", PRE_CALL_CHECKS),
    *(("litellm_settings", name, CALLBACKS) for name in ("callbacks", "success_callback", "failure_callback")),
)
_KNOWN = (*_LISTS, *_SECTIONS, "environment_variables")


class Source:
    """The text of one file. Its repr does not show the text, which may hold keys.

    Attributes:
        name: the file's.
        text: what is in it.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name: str = name
        self.text: str = text

    @cached_property
    def document(self) -> tuple[Value, Sequence[Problem]]:
        """The mapping that it is, and what is wrong with it. YAML is slow to read: that is done once."""
        problems = Problems()
        return parse_document(self.text, self.name, problems), problems.found


class Reading(msgspec.Struct, frozen=True):
    """What came of reading a configuration.

    Attributes:
        config: the configuration; None where something makes it unusable.
        problems: everything that is wrong with it, in the order of the files' lines.
        marks: its files as they were when it was read; none of one that is not from files.
    """

    config: Config | None
    problems: tuple[Problem, ...] = ()
    marks: Marks = {}

    def require(self) -> Config:
        """Return the configuration.

        Raises:
            ConfigError: it cannot be used; the error has every problem in it.
        """
        if self.config is None:
            raise ConfigError([problem for problem in self.problems if problem.fatal])
        return self.config


def parse_config(sources: Sequence[Source], environment: Environment) -> Reading:
    """Read a configuration.

    Args:
        sources: the file, and those that it includes.
        environment: where `os.environ/NAME` is looked up, after the file's own `environment_variables`.

    Raises:
        ImportError: PyYAML is not installed.
    """
    problems = Problems([problem for source in sources for problem in source.document[1]])
    merged = _merged([source.document[0] for source in sources], problems)
    own = _environment_variables(merged, environment, problems)
    members = _Resolver(environment.under(own), problems).members(merged)
    nothing = Value(None, sources[0].name)
    sections: dict[str, Any] = {
        name.removesuffix("_settings"): read_section(kind, members.get(name, nothing), name, problems)
        for name, kind in _SECTIONS.items()
    }
    deployments = read_deployments(
        members.get("model_list", nothing), members.get("credential_list", nothing), problems
    )
    digest = sha256(b"".join(sha256(source.text.encode()).digest() for source in sources)).hexdigest()
    config = Config(deployments=deployments, environment=own, digest=digest, **sections)
    _check_fallbacks(config, members, problems)
    _check_named(config, members, problems)
    _check_without_effect(config, members, problems)
    places = [source.name for source in sources]
    found = tuple(sorted(problems.found, key=lambda problem: (places.index(problem.file), problem.line)))
    return Reading(None if any(problem.fatal for problem in found) else config, found)


def included_names(source: Source) -> list[str]:
    """Return the names of the files that a file includes; none where it cannot be read, or names them wrongly."""
    value = source.document[0].members.get("include")
    items = value.content if value is not None and isinstance(value.content, list) else ()
    return [item.content for item in items if isinstance(item.content, str)]


def _merged(documents: Sequence[Value], problems: Problems) -> dict[str, Value]:
    """Return the members of all documents: lists follow one another, of two values of a setting the first stands."""
    merged: dict[str, Value] = {}
    for document in documents:
        for name, value in document.members.items():
            if name not in _KNOWN:
                _unknown(name, value, problems)
            elif name not in merged or (before := merged[name]).content is None:
                merged[name] = value
            elif isinstance(value.content, list) and isinstance(before.content, list):
                merged[name] = replace(before, content=[*before.content, *value.content])
            elif isinstance(value.content, dict) and isinstance(before.content, dict):
                merged[name] = _joined(name, before, value, problems)
    include = merged.get("include")
    if include is not None and not (
        isinstance(include.content, list) and all(isinstance(item.content, str) for item in include.content)
    ):
        problems.error(include, "include", "must be a list of files")
    return merged


def _joined(section: str, first: Value, second: Value, problems: Problems) -> Value:
    for name in second.members.keys() & first.members.keys():
        before = first.members[name]
        message = f"is also set in {before.file}, line {before.line}, which stands"
        problems.warning(second.members[name], f"{section}.{name}", message)
    return replace(first, content={**second.members, **first.members})


def _unknown(name: str, value: Value, problems: Problems) -> None:
    if name in UNSUPPORTED[""]:
        problems.warning(value, name, "is a section of LiteLLM's that is not supported here; it has no effect")
    else:
        problems.warning(value, name, f"is no section that is known{meant(name, _KNOWN)}; it has no effect")


def _environment_variables(
    merged: dict[str, Value], environment: Environment, problems: Problems
) -> dict[str, HiddenText]:
    """Take the file's own variables out of its members."""
    section = merged.pop("environment_variables", None)
    if section is None or section.content is None:
        return {}
    if not isinstance(section.content, dict):
        problems.error(section, "environment_variables", f"must be a mapping; got {section.shape}")
        return {}
    resolver = _Resolver(environment, problems)
    own: dict[str, HiddenText] = {}
    for name, value in section.content.items():
        found = resolver.value(value, f"environment_variables.{name}")
        if isinstance(found.content, str | int | float) and not isinstance(found.content, bool):
            own[name] = HiddenText(found.content)
        elif found.content is not None:
            problems.error(value, f"environment_variables.{name}", f"must be text; got {found.shape}")
    return own


class _Resolver(msgspec.Struct, frozen=True):
    """Puts the values of environment variables in the place of `os.environ/NAME`."""

    environment: Environment
    problems: Problems

    def members(self, members: Mapping[str, Value]) -> dict[str, Value]:
        resolved = {name: self.value(value, name) for name, value in members.items() if name != "model_list"}
        if "model_list" in members:
            resolved["model_list"] = self._model_list(members["model_list"])
        return resolved

    def _model_list(self, value: Value) -> Value:
        """Resolve each deployment; one that lacks a variable is left out.

        Without its address or its key it would be called at another place, or with another key, than was meant.
        """
        if not isinstance(value.content, list):
            return value
        whole: list[Value] = []
        for place, entry in enumerate(value.content):
            lacking = Problems()
            resolved = _Resolver(self.environment, lacking).value(entry, f"model_list[{place}]")
            if lacking.found:
                self.problems.found.extend(
                    replace(problem, fatal=False, message=f"{problem.message}: this deployment is left out")
                    for problem in lacking.found
                )
            else:
                whole.append(resolved)
        return replace(value, content=whole)

    def value(self, value: Value, key: str) -> Value:
        content = value.content
        if isinstance(content, dict):
            return replace(value, content={name: self.value(item, f"{key}.{name}") for name, item in content.items()})
        if isinstance(content, list):
            items = [self.value(item, f"{key}[{place}]") for place, item in enumerate(content)]
            return replace(value, content=items)
        if not isinstance(content, str) or not content.startswith(_REFERENCE):
            return value
        name = content.removeprefix(_REFERENCE)
        found = self.environment.get(name)
        if found is None:
            self.problems.error(value, key, f"the environment variable {name} is not set")
        return replace(value, content=found and found.strip(), from_environment=True)


def _check_fallbacks(config: Config, members: Mapping[str, Value], problems: Problems) -> None:
    """Note fallbacks from or to groups that there are not: they would be found out when they are needed."""
    groups = (*config.groups, *config.router.model_group_alias)
    for section in ("litellm_settings", "router_settings"):
        settings = getattr(config, section.removesuffix("_settings"))
        places = members[section].members if section in members else {}
        for kind in ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "default_fallbacks"):
            place = places.get(kind)
            given: dict[str, tuple[str, ...]] | tuple[str, ...] = getattr(settings, kind)
            names = [*given, *chain.from_iterable(given.values())] if isinstance(given, dict) else given
            for name in dict.fromkeys(names):
                if place is not None and name != "*" and not any(fnmatchcase(name, group) for group in groups):
                    message = f"names {name}, which is no model_name of the model_list{meant(name, groups)}"
                    problems.warning(place, f"{section}.{kind}", message)


def _check_named(config: Config, members: Mapping[str, Value], problems: Problems) -> None:
    """Note checks and callbacks of LiteLLM's that there are not here."""
    for section, setting, known in _NAMED:
        for name in getattr(getattr(config, section.removesuffix("_settings")), setting):
            if name not in known:
                place = members[section].members[setting]
                problems.warning(place, f"{section}.{setting}", f"has no {name} here; it has no effect")


def _check_without_effect(config: Config, members: Mapping[str, Value], problems: Problems) -> None:
    """Note settings that mean nothing as the others are."""
    general = config.general
    if general.max_in_flight_requests_per_worker is None:
        for name in ("max_queued_requests_per_worker", "admission_queue_timeout_seconds"):
            if getattr(general, name) is not None:
                place = members["general_settings"].members[name]
                message = "has no effect without max_in_flight_requests_per_worker: nobody waits"
                problems.warning(place, f"general_settings.{name}", message)
    known = sorted(chain.from_iterable(CALL_TYPES.values()))
    for name in config.litellm.cache_params.supported_call_types or ():
        if name not in known:
            place = members["litellm_settings"].members["cache_params"].members["supported_call_types"]
            message = f"names {name}, which is never kept here{meant(name, known)}; it has no effect"
            problems.warning(place, "litellm_settings.cache_params.supported_call_types", message)
