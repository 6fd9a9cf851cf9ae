"""A changed copy is what pydantic's own would be."""

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, PrivateAttr, ValidationError

from services.intake.model import Person, Registration, Speaker
from shared.contracts.frozen import Frozen

SPOKEN = Registration(speaker=Speaker(source="/x", kind="channel"), record="r", cipher=b"c")
PERSON = Person(id="P-1", registrations=(SPOKEN,), keys={"r": b"k"})
CHANGES = {"points": ("H-1",), "due_at": datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.mark.parametrize("changes", [None, {}, CHANGES])
def test_a_copy_is_the_one_that_pydantic_makes(changes: dict[str, object] | None) -> None:
    ours, theirs = PERSON.model_copy(update=changes), BaseModel.model_copy(PERSON, update=changes)
    assert ours == theirs
    assert ours.model_dump(exclude_unset=True) == theirs.model_dump(exclude_unset=True)


def test_what_was_copied_stays_as_it_was() -> None:
    before = PERSON.model_dump(exclude_unset=True)
    PERSON.model_copy(update=CHANGES)
    assert PERSON.model_dump(exclude_unset=True) == before


def test_a_deep_copy_shares_nothing() -> None:
    assert PERSON.model_copy(deep=True).keys is not PERSON.keys


def test_a_copy_does_not_change_either() -> None:
    with pytest.raises(ValidationError):
        PERSON.model_copy(update=CHANGES).area = "441900104"  # type: ignore[misc]


def test_private_and_extra_fields_are_copied_too() -> None:
    class Odd(Frozen, extra="allow"):
        _counted: int = PrivateAttr(default=0)

    odd = Odd.model_validate({"more": 1})
    odd._counted = 3
    copy = odd.model_copy(update={"other": 2})
    assert (copy._counted, copy.model_extra) == (3, {"more": 1, "other": 2})
