"""Arguments of a transform as its JSON schema describes them, references and alternatives resolved."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["Field", "fields_of"]


@dataclass(frozen=True)
class Field:
    """One argument. forms: what it may be, one schema each, without null. nullable: whether it may be None too."""

    name: str
    words: str
    forms: tuple[dict[str, Any], ...]
    nullable: bool

    @property
    def choices(self) -> tuple[Any, ...]:
        """All values, where the schema lists them; empty where it does not."""
        listed = [_listed(form) for form in self.forms]
        if not all(listed):
            return ()
        values = [value for values in listed for value in values]
        return (*values, None) if self.nullable else tuple(values)

    def of_type(self, *types: str) -> list[dict[str, Any]]:
        """The forms of one of these JSON types."""
        return [form for form in self.forms if form.get("type") in types]


def fields_of(kind: type[Transform]) -> list[Field]:
    """In the order in which the transform has them; none where there is no schema, which plugins may fail to have."""
    try:
        schema = kind.Config.model_json_schema()
    except Exception:  # pydantic's own, of several kinds
        return []
    definitions, text = schema.get("$defs", {}), inspect.getdoc(kind) or ""
    made = []
    for name, described in schema["properties"].items():
        forms = list(_forms(described, definitions))
        plain = tuple(form for form in forms if form.get("type") != "null")
        words = described.get("description") or _said(text, name)
        made.append(Field(name, words, plain, len(plain) < len(forms)))
    return made


def _said(text: str, name: str) -> str:
    """What a docstring says of an argument: `size: height and width.`, also `low, high: ...`; up to the next one."""
    listed = rf"(?:^|[\s(])(?:\w+, )*{re.escape(name)}(?:, \w+)*:\s"
    found = re.search(rf"{listed}(.+?)(?=[.;]\s+(?:\w+, )*\w+:\s|\.?\s*(?:\n\s*\n|\n>>>|\Z))", text, re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def _forms(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        yield from _forms(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    elif "anyOf" in schema:
        for inner in schema["anyOf"]:
            yield from _forms(inner, definitions)
    else:
        yield schema


def _listed(form: dict[str, Any]) -> list[Any]:
    if "const" in form:
        return [form["const"]]
    if form.get("type") == "boolean":
        return [True, False]
    return list(form.get("enum", ()))
