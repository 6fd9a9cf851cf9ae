"""What lies in the database outlives the release that wrote it, in both directions."""

from collections.abc import Mapping
from typing import ClassVar

import pytest
from pydantic import ValidationError

from shared import mongo
from shared.contracts.values import Value
from shared.messaging.decision import State


class Part(Value):
    size: int


class Whole(State):
    COLLECTION: ClassVar[str] = "wholes"
    parts: Mapping[str, Part]
    first: Part | None = None


def test_what_a_later_release_wrote_is_read_by_the_one_before() -> None:
    part = {"size": 1, "colour": "of next month"}
    document = {"_id": "W-1", "_version": 3, "parts": {"a": part}, "first": part, "more": {}}
    whole = mongo.to_state(Whole, document)
    assert whole == Whole(id="W-1", parts={"a": Part(size=1)}, first=Part(size=1))


def test_at_an_edge_nothing_unknown_passes() -> None:
    with pytest.raises(ValidationError):
        Part.model_validate({"size": 1, "colour": "red"})
