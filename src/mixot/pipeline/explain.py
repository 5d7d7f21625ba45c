"""Configuration errors in one line: the key, the value, and what is allowed.

Hydra and OmegaConf report an error over several lines, in terms of their own machinery. Here an
override that they refused is looked up in the schema (nested dataclasses) and described in the
user's terms.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Sequence
from typing import Any


def fields_of(schema: type, key: str) -> Any:
    """Return the annotation of the dotted `key` in a nested dataclass, or None if there is none."""
    annotation: Any = schema
    for part in filter(None, key.split(".")):
        if not dataclasses.is_dataclass(annotation):
            return None
        annotation = typing.get_type_hints(annotation).get(part)
    return annotation


def allowed_keys(schema: type, key: str) -> tuple[str, str]:
    """Return the nearest group above `key` that exists, and its keys in words."""
    parts = key.split(".")[:-1]
    while parts and not dataclasses.is_dataclass(fields_of(schema, ".".join(parts))):
        parts.pop()
    group = ".".join(parts)
    holder = fields_of(schema, group)
    prefix = f"{group}." if group else ""
    return group, ", ".join(f"{prefix}{field.name}" for field in dataclasses.fields(holder))


def wrong_key(schema: type, key: str, value: str) -> str | None:
    """Describe a key that the schema does not have; None if it has it."""
    if fields_of(schema, key) is not None:
        return None
    return f"{key}={value}: no such key; allowed: {allowed_keys(schema, key)[1]}"


def missing_key(schema: type, key: str) -> str:
    """Describe a key that has no value."""
    return f"{key}: a value is needed; allowed: {key}={kind_in_words(fields_of(schema, key))}"


def wrong_value(schema: type, key: str, value: str, error: BaseException) -> str:
    """Describe a value that does not fit its key."""
    annotation = fields_of(schema, key)
    if dataclasses.is_dataclass(annotation):
        names = ", ".join(f"{key}.{field.name}" for field in dataclasses.fields(annotation))
        return f"{key}={value}: a group of keys, not a value; allowed: {names}"
    if annotation is None:
        return f"{key}={value}: {first_line(error)}"
    return f"{key}={value}: wrong type; allowed: {kind_in_words(annotation)}"


def kind_in_words(annotation: Any) -> str:
    """Say what values an annotation allows."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(kind_in_words(part) for part in typing.get_args(annotation))
    if origin is list:
        (inner,) = typing.get_args(annotation)
        return f"[{kind_in_words(inner)}, ...]"
    names = {int: "an integer", float: "a number", str: "a text", bool: "true or false"}
    return "null" if annotation is type(None) else names.get(annotation, "a value")


def explain(error: BaseException, schema: type, overrides: Sequence[str]) -> str:
    """Turn what Hydra raised while composing `overrides` into one line.

    The override at fault is found by its key in the message, because the exceptions carry nothing
    better.
    """
    text = _full_text(error)
    options = getattr(error, "options", None)
    group = re.search(r"Could not find '([^']+)/([^'/]+)'", text)
    if group and options:
        return f"{group[1]}={group[2]}: unknown; allowed: {', '.join(options)}"
    full_key = re.search(r"full_key: (\S+)", text)
    quoted = re.search(r"Value '?(.*?)'? (?:of type|is not|could not)", text)
    for override in overrides:
        key, value = split(override)
        named = (full_key and full_key[1] == key) or re.search(rf"\b{re.escape(key)}\b", text)
        if named and not key.startswith("hydra"):
            return wrong_value(schema, key, quoted[1] if quoted else value, error)
    return " ".join(line.strip() for line in str(error).splitlines() if line.strip())


def split(override: str) -> tuple[str, str]:
    """Split a Hydra override into key and value, without the signs of adding and deleting."""
    key, _, value = override.partition("=")
    return key.strip().lstrip("+~").split("@")[0], value.strip()


def first_line(error: BaseException) -> str:
    """Return the first line of the message, or the type's name if there is none."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def _full_text(error: BaseException) -> str:
    """Return the messages of the error and of what caused it."""
    texts = []
    current: BaseException | None = error
    while current is not None:
        texts.append(str(current))
        current = current.__cause__ or current.__context__
    return "\n".join(texts)
