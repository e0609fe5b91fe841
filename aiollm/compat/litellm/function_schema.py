"""`function_to_dict`: a Python function as the function of a tool, by its signature and its docstring."""

from __future__ import annotations

import inspect
import re
from ast import literal_eval
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["function_to_dict"]

_JSON_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "tuple": "array",
    "dict": "object",
    "NoneType": "null",
}
_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}[ ]*\n", re.MULTILINE)
_PARAMETER = re.compile(r"^(\w+) *: *(.*)$")


def function_to_dict(input_function: Callable[..., Any]) -> dict[str, Any]:
    """Return the name, description and parameters of a function, for `tools` or `functions`.

    Types and descriptions of the parameters are those of its docstring's section "Parameters", in NumPy's style: a type
    may be a choice, such as `{'celsius', 'fahrenheit'}`. Where that says nothing the annotations do.

    Source of the docstring's form: https://numpydoc.readthedocs.io/en/latest/format.html
    """
    text = inspect.getdoc(input_function) or ""
    begin, *sections = _SECTION.split(text)
    documented = dict(_documented(dict(zip(sections[::2], sections[1::2], strict=True)).get("Parameters", "")))
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, parameter in inspect.signature(input_function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        said, description = documented.get(name, ("", ""))
        properties[name] = _schema(said or _annotated(parameter))
        if description:
            properties[name]["description"] = description
        if parameter.default is parameter.empty:
            required.append(name)
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        parameters["required"] = required
    return {"name": input_function.__name__, "description": " ".join(begin.split()), "parameters": parameters}


def _documented(section: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Give name -> (type, description) of the parameters in a section."""
    name, said, lines = "", "", list[str]()
    for line in [*section.splitlines(), "end : "]:
        if found := _PARAMETER.match(line):
            if name:
                yield name, (said, " ".join(" ".join(lines).split()))
            name, said, lines = found[1], found[2].strip(), []
        else:
            lines.append(line)


def _annotated(parameter: inspect.Parameter) -> str:
    annotation = parameter.annotation
    if annotation is parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _schema(said: str) -> dict[str, Any]:
    said = said.removesuffix(", optional").strip()
    if said.startswith("{") and said.endswith("}"):
        choices = list(literal_eval(f"[{said[1:-1]}]"))
        return {"type": _JSON_TYPES.get(type(choices[0]).__name__, "string"), "enum": choices}
    kind = _JSON_TYPES.get(re.split(r"[\[ |,]", said, maxsplit=1)[0])
    return {"type": kind} if kind else {}
