"""What a change of a JSON Schema would break for those who write by the published one."""

from typing import Any

from shared.documents import Document

Schema = Document

_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_EXACT = ("pattern", "format", "uniqueItems")


def find_incompatibilities(old: Schema, new: Schema) -> list[str]:
    """One sentence for each thing that was valid, or there to be read, and is no longer.

    New optional fields and wider types are compatible.
    """
    return _Comparison(old, new).compare(old, new, "data")


class _Comparison:
    """The two documents whose `$ref`s are followed."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new

    def compare(self, old: Schema, new: Schema, path: str) -> list[str]:
        """Whatever the old schema allows must be allowed by one alternative of the new."""
        alternatives = _list_alternatives(new, self._new)
        changes: list[str] = []
        for was in _list_alternatives(old, self._old):
            tried = [self._compare_one(was, now, path) for now in alternatives]
            closest = min(tried, key=len)
            changes += closest
        return changes

    def _compare_one(self, old: Schema, new: Schema, path: str) -> list[str]:
        if narrowed := _explain_narrowed(old, new, path):
            return [narrowed]
        return [
            *_list_removed_values(old, new, path),
            *_find_narrowed_bounds(old, new, path),
            *self._compare_fields(old, new, path),
            *self._compare_inside(old, new, path),
        ]

    def _compare_fields(self, old: Schema, new: Schema, path: str) -> list[str]:
        was, now = old.get("properties", {}), new.get("properties", {})
        required, required_before = set(new.get("required", ())), set(old.get("required", ()))
        return [
            *(f"{path}.{name} was removed" for name in sorted(was.keys() - now.keys())),
            *(
                f"{path}.{name} is new and required"
                for name in sorted(required - was.keys() - required_before)
            ),
            *(
                f"{path}.{name} became required"
                for name in sorted((required - required_before) & was.keys())
            ),
            *([f"{path} no longer takes unknown fields"] if _became_closed(old, new) else []),
        ]

    def _compare_inside(self, old: Schema, new: Schema, path: str) -> list[str]:
        was, now = old.get("properties", {}), new.get("properties", {})
        changes = []
        for name in sorted(was.keys() & now.keys()):
            changes += self.compare(was[name], now[name], f"{path}.{name}")
        if "items" in new:
            changes += self.compare(old.get("items", {}), new["items"], f"{path}[]")
        return changes


def _list_alternatives(schema: Schema, document: Schema) -> list[Schema]:
    """`anyOf` and `oneOf` taken apart, references followed."""
    schema = _resolve(schema, document)
    branches = schema.get("anyOf") or schema.get("oneOf")
    if not branches:
        return [schema]
    return [one for branch in branches for one in _list_alternatives(branch, document)]


def _resolve(schema: Schema, document: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target: Any = document
    for step in str(reference).removeprefix("#/").split("/"):
        target = target[step]
    return _resolve(target, document)


def _explain_narrowed(old: Schema, new: Schema, path: str) -> str:
    if "type" not in new:
        return ""
    was, now = old.get("type"), new["type"]
    if was == now or (was == "integer" and now == "number"):
        return ""
    return f"{path} was {was or 'anything'} and is {now}"


def _list_removed_values(old: Schema, new: Schema, path: str) -> list[str]:
    allowed = _list_values(new)
    if allowed is None:
        return []
    before = _list_values(old)
    if before is None:
        return [f"{path} took any value and takes only {allowed}"]
    return [f"{path} no longer takes {value!r}" for value in before if value not in allowed]


def _list_values(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return None if values is None else list(values)


def _find_narrowed_bounds(old: Schema, new: Schema, path: str) -> list[str]:
    narrowed = [
        *(b for b in _LOWER_BOUNDS if b in new and (b not in old or new[b] > old[b])),
        *(b for b in _UPPER_BOUNDS if b in new and (b not in old or new[b] < old[b])),
        *(b for b in _EXACT if b in new and new[b] != old.get(b)),
    ]
    return [f"{path}: {b} was {old.get(b, 'free')} and is {new[b]}" for b in narrowed]


def _became_closed(old: Schema, new: Schema) -> bool:
    closed = new.get("additionalProperties") is False
    return closed and old.get("additionalProperties") is not False and "properties" in old
