"""What a process remembers of a state it wrote must be what the database would give."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import TypeVar

import bson
from pydantic import BaseModel

from shared import mongo
from shared.messaging import state_writes
from shared.messaging.changes import Loaded
from shared.messaging.decision import State
from shared.messaging.state_writes import EncodedState

S = TypeVar("S", bound=State)

_encode_state = state_writes._encode_state


def read_back(state: S) -> S:
    """As the database gives it."""
    document = mongo.encode_document(mongo.to_document(state))
    return mongo.to_state(type(state), bson.decode(document, mongo.CODEC))


class RememberedStates:
    """Compares each state that a loop of this process writes. differences: by their place."""

    def __init__(self) -> None:
        self.differences: set[str] = set()

    def encode(self, before: Loaded, after: State, emitted: int | None) -> EncodedState:
        encoded = _encode_state(before, after, emitted)
        state = encoded.loaded.state
        assert state is not None
        self.differences |= set(list_differences(state, read_back(state), type(state).__name__))
        return encoded


def list_differences(remembered: object, stored: object, place: str) -> Iterator[str]:
    """In values, their types, and the zones of times."""
    if type(remembered) is not type(stored):
        yield f"{place}: {type(remembered).__name__}, stored as {type(stored).__name__}"
    elif isinstance(remembered, BaseModel) and isinstance(stored, BaseModel):
        for name in type(remembered).model_fields:
            yield from list_differences(
                remembered.__dict__[name], stored.__dict__[name], f"{place}.{name}"
            )
    elif isinstance(remembered, tuple | list) and isinstance(stored, tuple | list):
        for mine, theirs in zip_longest(remembered, stored):
            yield from list_differences(mine, theirs, f"{place}[]")
    elif isinstance(remembered, Mapping) and isinstance(stored, Mapping):
        for key in remembered.keys() | stored.keys():
            yield from list_differences(remembered.get(key), stored.get(key), f"{place}.{key}")
    elif remembered != stored or _find_zone(remembered) is not _find_zone(stored):
        yield place


def _find_zone(value: object) -> object:
    return value.tzinfo if isinstance(value, datetime) else None
