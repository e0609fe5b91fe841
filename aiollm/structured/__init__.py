"""Answers that are data: JSON that is still growing, the arguments of tools, classes to answer in. No I/O."""

from typing import TYPE_CHECKING

from aiollm.later import parts_of

if TYPE_CHECKING:
    from aiollm.structured.answer import StructuredReader
    from aiollm.structured.schema import is_structured, response_format_of
    from aiollm.structured.tool_arguments import ToolArguments, ToolArgumentsReader
else:
    __getattr__ = parts_of(
        __name__,
        {
            "StructuredReader": "answer",
            "ToolArguments": "tool_arguments",
            "ToolArgumentsReader": "tool_arguments",
            "is_structured": "schema",
            "response_format_of": "schema",
        },
    )

__all__ = ["StructuredReader", "ToolArguments", "ToolArgumentsReader", "is_structured", "response_format_of"]
