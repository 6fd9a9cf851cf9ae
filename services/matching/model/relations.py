"""Related parties (利害关系人) of a fund, who never receive from it, and what else is known of a
person beyond one request."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from services.matching.model.labels import RelationState, Tie
from shared.contracts.values import Identifier, ShortText, Value
from shared.messaging.decision import State


class Relation(Value):
    """One person. In every state he is kept from the fund: a doubt counts against paying.

    maker: who declared it, or asked to end it; checker: who approved the declaration.
    """

    person_id: str
    tie: Tie
    state: RelationState = "declared"
    maker: str
    checker: str = ""
    changed_at: datetime


class Clearance(Value):
    """Somebody looked: this person is called like a related party and is another.

    by: who says so; reason: what he saw.
    """

    person_id: str
    by: str
    reason: str
    cleared_at: datetime


class FundRelations(State):
    """Its id is the fund's."""

    COLLECTION: ClassVar[str] = "fund_relations"

    relations: tuple[Relation, ...] = ()
    clearances: tuple[Clearance, ...] = ()

    def is_cleared(self, person_id: str) -> bool:
        return any(clearance.person_id == person_id for clearance in self.clearances)

    def find(self, person_id: str) -> Relation | None:
        return next((r for r in self.relations if r.person_id == person_id), None)

    def with_relation(self, relation: Relation) -> "FundRelations":
        others = self.without_person(relation.person_id).relations
        ordered = sorted((*others, relation), key=lambda r: r.person_id)
        return self.model_copy(update={"relations": tuple(ordered)})

    def without_person(self, person_id: str) -> "FundRelations":
        others = tuple(r for r in self.relations if r.person_id != person_id)
        return self.model_copy(update={"relations": others})


class JoinedPersons(State):
    """Whom intake knows to be one person with this one, himself among them. Its id is his."""

    COLLECTION: ClassVar[str] = "joined_persons"

    person_ids: tuple[str, ...] = ()


class PersonVouchers(State):
    """The staff on whose word any request of the person ever stood. Its id is the person's."""

    COLLECTION: ClassVar[str] = "person_vouchers"

    vouched_by: tuple[str, ...] = ()


class RelationCommand(Value):
    fund_id: Identifier
    person_id: Identifier


class DeclareRelation(RelationCommand):
    tie: Tie


class WithdrawRelation(RelationCommand):
    """It is to end: once another has checked it."""


class ClearNamesake(RelationCommand):
    """The person is no related party, though one of the same town is called the same."""

    reason: Annotated[ShortText, Field(pattern=r"\S")]


class CheckRelation(RelationCommand):
    """The second pair of eyes, on a declaration or on the wish to end one."""

    approve: bool
