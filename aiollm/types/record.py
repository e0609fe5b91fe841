"""Objects that work by attribute and by item, and keep the fields that a provider adds.

`Record` is the common class of all chunk and response types. It is a `msgspec.Struct`, so JSON decodes straight into
it (0.9 us for a typical chunk against 1.3 us for `orjson` into a dict; attrs classes took 3.9 us, because msgspec
asks such an object for every field that the payload lacks: `benchmarks/micro_decode.py`).

A field a class does not know is not lost: a chunk decoded on the fast path keeps its payload, which is parsed again
when somebody asks for such a field.

Modules of records do without `from __future__ import annotations`: msgspec would have to compile the text of every
annotation before the first answer can be decoded, which takes longer than to load the modules.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import msgspec

from aiollm.types.lenient import lenient_json
from aiollm.types.shape import JSON

__all__ = ["MissingField", "Nested", "Record"]

Fields = dict[str, Any]
"""Names and values; the class below has a method named `dict`."""

_UNCHANGING = frozenset({type(None), bool, int, float, str, bytes})


class MissingField(AttributeError, KeyError):
    """The object has no such field: an `AttributeError`, as LiteLLM raises, and a `KeyError`, as mappings do."""

    def __str__(self) -> str:
        return AttributeError.__str__(self)  # without the quotes of a KeyError


@cache
def _field_names(cls: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(name for name in cls.__struct_fields__ if name not in _private_names(cls))


@cache
def _private_names(cls: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(name for name in cls.__struct_fields__ if name[0] == "_")


@cache
def _class_names(cls: type[msgspec.Struct]) -> frozenset[str]:
    """Return what a class has, fields and methods, which is settled when it is made.

    To ask the class for a name that it lacks takes five times as long: an error is raised and caught.
    """
    return frozenset(dir(cls))


class RecordMeta(msgspec.StructMeta):
    """Lets a record be made from any keywords: dicts become records, unknown names are kept."""

    if not TYPE_CHECKING:

        def __call__(cls, /, **values: Any) -> Any:  # noqa: N805  # of a metaclass
            for name in cls._nested:
                if name in values:
                    values[name] = cls._coerce(name, values[name])
            known = _field_names(cls)
            if not values.keys() <= known:
                rest = {name: values.pop(name) for name in list(values) if name not in known}
                # A provider's field of such a name could not be read: the class has it for itself.
                values["_rest"] = {name: value for name, value in rest.items() if name not in _private_names(cls)}
            return super().__call__(**values)


class Record(msgspec.Struct, metaclass=RecordMeta, kw_only=True):
    """A typed object that also answers like a dict.

    `r.x`, `r["x"]`, `r.get("x", default)`, `"x" in r`, `dict(r)`, `r.model_dump()`, `r.json()` (a dict, as in
    LiteLLM) and `r.model_dump_json()` (a string) all work; so does making one from keywords with nested dicts.
    """

    _nested: ClassVar["Nested"] = {}
    """Fields whose dicts (or lists of dicts) are records."""

    _always: ClassVar[frozenset[str]] = frozenset()
    """Fields that are part of the object even when they are None."""

    _rest: bytes | Fields | None = msgspec.field(default=None, name=" rest")
    """Fields the class does not know: a dict, or the payload of the whole chunk, not parsed yet."""

    @classmethod
    def _coerce(cls, name: str, value: JSON) -> Any:
        kind = cls._nested[name]
        if isinstance(value, dict):
            return kind(**value)
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            items: list[JSON] = value
            return [kind(**item) if isinstance(item, dict) else item for item in items]
        return value

    @classmethod
    def _own_part(cls, payload: Fields) -> Any:
        """Return the object of this class within a chunk's payload."""
        return payload

    def _extra(self) -> Fields:
        rest = self._rest
        if rest is None:
            return {}
        if isinstance(rest, bytes):
            part = self._own_part(lenient_json(rest))
            rest = {name: value for name, value in part.items() if name not in self.__struct_fields__}
            self._rest = rest
        return rest

    def __getattr__(self, name: str) -> Any:
        if name != "_rest":
            extra = self._extra()
            if name in extra:
                return extra[name]
        raise MissingField(f"{type(self).__name__!r} has no field {name!r}")

    def __getitem__(self, name: str) -> Any:
        if name not in self.__struct_fields__:
            extra = self._extra()
            if name in extra:  # it may have the name of a method
                return extra[name]
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self.__struct_fields__:
            setattr(self, name, value)
        else:
            self._rest = {**self._extra(), name: value}

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __bool__(self) -> bool:
        return True

    def keys(self) -> list[str]:
        """Return the names of the fields that are set."""
        return self._names()

    def items(self) -> list[tuple[str, Any]]:
        """Return the fields that are set, as pairs."""
        return [(name, self[name]) for name in self._names()]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the field, or `default` where the object has none of that name."""
        if name in self.__struct_fields__:
            return getattr(self, name)
        rest = self._rest
        if rest is not None and not (type(rest) is bytes and _is_missing(name, rest)):
            extra = self._extra()
            if name in extra:
                return extra[name]
        return getattr(self, name) if name in _class_names(type(self)) else default

    def _names(self) -> list[str]:
        own = [
            name
            for name in self.__struct_fields__
            if name[0] != "_" and (name in self._always or getattr(self, name) is not None)
        ]
        return own + list(self._extra())

    def model_dump(self, *, exclude_none: bool = False, exclude: set[str] | None = None, **_: Any) -> Fields:
        """Return the object as plain dicts and lists.

        Args:
            exclude_none: leave out fields that are None.
            exclude: names at the top to leave out.

        Further keywords of pydantic's method are accepted and have no effect.
        """
        return {
            name: _plain(value, exclude_none)
            for name, value in self.items()
            if not (exclude_none and value is None) and not (exclude and name in exclude)
        }

    def to_dict(self) -> Fields:
        """Return the object as plain dicts and lists."""
        return self.model_dump()

    def dict(self) -> Fields:
        """Return the object as plain dicts and lists (pydantic's old name)."""
        return self.model_dump()

    def json(self) -> Fields:
        """Return the object as plain dicts and lists: LiteLLM's `json()` is a dict, not a string."""
        return self.model_dump()

    def model_dump_json(self, *, exclude_none: bool = False, indent: int | None = None, **_: Any) -> str:
        """Return the object as JSON text."""
        text = msgspec.json.encode(self.model_dump(exclude_none=exclude_none))
        return (msgspec.json.format(text, indent=indent) if indent else text).decode()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, with the fields in `update` replaced."""
        twin: Self = self.__deepcopy__({}) if deep else self.__copy__()
        for name, value in (update or {}).items():
            twin[name] = value
        return twin

    def __deepcopy__(self, memo: Any) -> Self:
        twin: Self = self.__copy__()
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if type(value) not in _UNCHANGING:
                setattr(twin, name, _deep_copy(value, memo))
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), {name: getattr(self, name) for name in self.__struct_fields__})

    def __eq__(self, other: object) -> bool:
        """Compare what users see: a payload counts the same before and after it was parsed."""
        return isinstance(other, Record) and other.__class__ is self.__class__ and self.items() == other.items()

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # a record changes

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.items())
        return f"{type(self).__name__}({fields})"


Nested = Mapping[str, type[Record]]
"""Names of fields, and the class of the records in them."""


def _is_missing(name: str, payload: bytes) -> bool:
    """Whether a payload cannot have a member of the name: to look takes 0.1 us, to parse a whole answer 10."""
    # By `find`: for `in`, bytes first try to take what is looked for as a number, and fail.
    return payload.find(name.encode("utf-8", "replace")) < 0 and payload.find(b"\\u00") < 0


def _restored(cls: type[Record], fields: Fields) -> Record:
    """Make a record again with its private fields, which no keyword can set."""
    record = cls()
    for name, value in fields.items():
        setattr(record, name, value)
    return record


def _deep_copy(value: JSON | Record, memo: Any) -> Any:
    """Return a copy in half the time that `deepcopy` takes for a chunk: the records of an answer are a tree."""
    if isinstance(value, Record):
        return value.__deepcopy__(memo)
    if type(value) is list:
        return [item if type(item) in _UNCHANGING else _deep_copy(item, memo) for item in value]
    return deepcopy(value, memo)


def _plain(value: JSON | Record, exclude_none: bool) -> Any:
    if isinstance(value, Record):
        return value.model_dump(exclude_none=exclude_none)
    if isinstance(value, list):
        return [_plain(item, exclude_none) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item, exclude_none) for name, item in value.items()}
    return value
