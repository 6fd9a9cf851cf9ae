"""Decisions on a fund's related parties: one declares, another checks."""

from datetime import datetime

from services.matching.decide.unknown import no_such
from services.matching.model.relations import (
    RELATION_LABELS,
    CheckRelation,
    DeclareRelation,
    FundRelations,
    Relation,
    RelationCommand,
    WithdrawRelation,
)
from shared.messaging.decision import (
    Answer,
    AnyRef,
    Command,
    Decision,
    Ref,
    States,
    refusal,
)

# --- asked by proposals and claims --------------------------------------------------------------


def relation_refs(fund_id: str | None) -> tuple[AnyRef, ...]:
    return (Ref(FundRelations, fund_id),) if fund_id else ()


def is_related(states: States, fund_id: str | None, person_id: str) -> bool:
    """Whether this person may not receive from this fund."""
    known = states.get(FundRelations, fund_id) if fund_id else None
    return known is not None and known.find(person_id) is not None


# --- declared, checked, ended -------------------------------------------------------------------


def touches(command: Command[RelationCommand]) -> tuple[AnyRef, ...]:
    return relation_refs(command.data.fund_id)


def decide_declare(states: States, command: Command[DeclareRelation], now: datetime) -> Decision:
    said = command.data
    fund, known = _known(states, said)
    if known is not None:
        return _waiting(known) if known.state == "leaving" else _told(fund, known)
    relation = Relation(
        person_id=said.person_id, tie=said.tie, maker=command.principal, changed_at=now
    )
    return _told(fund.with_relation(relation), relation, changed=True, status=201)


def decide_withdraw(states: States, command: Command[WithdrawRelation], now: datetime) -> Decision:
    fund, known = _known(states, command.data)
    if known is None:
        return _unknown()
    if known.state != "in_force":
        return _waiting(known)
    leaving = known.model_copy(
        update={"state": "leaving", "maker": command.principal, "changed_at": now}
    )
    return _told(fund.with_relation(leaving), leaving, changed=True)


def decide_check(states: States, command: Command[CheckRelation], now: datetime) -> Decision:
    """Approved, a declaration stands and an end is one; rejected, all is as before it."""
    fund, known = _known(states, command.data)
    if known is None:
        return _unknown()
    if known.state == "in_force":
        zh, en = "没有待复核的事项", "no check is due"
        return Decision(answer=refusal(409, "nothing_to_check", zh, en))
    if known.maker == command.principal:
        zh, en = "申报与复核须由不同的人办理", "another than the maker has to check it"
        return Decision(answer=refusal(409, "same_person", zh, en))
    if (known.state == "declared") is not command.data.approve:
        body = {"fund_id": fund.id, "person_id": known.person_id, "state": "none"}
        return Decision((fund.without_person(known.person_id),), answer=Answer(200, body))
    stands = known.model_copy(
        update={"state": "in_force", "checker": command.principal, "changed_at": now}
    )
    return _told(fund.with_relation(stands), stands, changed=True)


def _known(states: States, said: RelationCommand) -> tuple[FundRelations, Relation | None]:
    fund = states.get(FundRelations, said.fund_id) or FundRelations(id=said.fund_id)
    return fund, fund.find(said.person_id)


def _told(
    fund: FundRelations, relation: Relation, *, changed: bool = False, status: int = 200
) -> Decision:
    body = {"fund_id": fund.id, "person_id": relation.person_id, "state": relation.state}
    return Decision((fund,) if changed else (), answer=Answer(status, body))


def _unknown() -> Decision:
    return Decision(answer=no_such("relation"))


def _waiting(relation: Relation) -> Decision:
    zh, en = f"这项利害关系{RELATION_LABELS[relation.state]}", f"it is {relation.state}"
    return Decision(answer=refusal(409, f"relation_{relation.state}", zh, en))
