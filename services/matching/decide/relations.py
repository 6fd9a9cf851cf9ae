"""Decisions on a fund's related parties: one person declares, another checks."""

from datetime import datetime

from services.matching.messages import (
    CHECK_MISSING,
    CHECKER_SAME,
    RELATED_PARTY,
    RELATION_STATES,
    RELATION_UNKNOWN,
)
from services.matching.model.relations import (
    CheckRelation,
    Clearance,
    ClearNamesake,
    DeclareRelation,
    FundRelations,
    JoinedPersons,
    Relation,
    RelationCommand,
    WithdrawRelation,
)
from shared.contracts.envelope import Event
from shared.contracts.events import PersonJoined, PersonSeparated
from shared.messaging.decision import Answer, Command, Decision, States


def decide_declare_relation(
    states: States, command: Command[DeclareRelation], now: datetime
) -> Decision:
    declare = command.data
    fund, declared = _get_relation(states, declare)
    if declared is not None and declared.state == "leaving":
        return _refuse_state(declared)
    if declared is not None:
        return Decision(answer=_answer_relation(fund, declared))
    relation = Relation(
        person_id=declare.person_id, tie=declare.tie, maker=command.principal, changed_at=now
    )
    return _save(fund, relation, 201)


def decide_withdraw_relation(
    states: States, command: Command[WithdrawRelation], now: datetime
) -> Decision:
    fund, relation = _get_relation(states, command.data)
    if relation is None:
        return Decision(answer=RELATION_UNKNOWN.refusal(404))
    if relation.state != "in_force":
        return _refuse_state(relation)
    leaving = relation.model_copy(
        update={"state": "leaving", "maker": command.principal, "changed_at": now}
    )
    return _save(fund, leaving)


def decide_check_relation(
    states: States, command: Command[CheckRelation], now: datetime
) -> Decision:
    """Approved, a declaration stands and an end is one; rejected, all is as before it."""
    fund, relation = _get_relation(states, command.data)
    if relation is None:
        return Decision(answer=RELATION_UNKNOWN.refusal(404))
    if relation.state == "in_force":
        return Decision(answer=CHECK_MISSING.refusal(409))
    if relation.maker == command.principal:
        return Decision(answer=CHECKER_SAME.refusal(409))
    if (relation.state == "declared") is not command.data.approve:
        body = {"fund_id": fund.id, "person_id": relation.person_id, "state": "none"}
        return Decision((fund.without_person(relation.person_id),), answer=Answer(200, body))
    in_force = relation.model_copy(
        update={"state": "in_force", "checker": command.principal, "changed_at": now}
    )
    return _save(fund, in_force)


def decide_clear_namesake(
    states: States, command: Command[ClearNamesake], now: datetime
) -> Decision:
    """On one person's word, which stays with the fund's relations."""
    fund, relation = _get_relation(states, command.data)
    if relation is not None:
        return Decision(answer=RELATED_PARTY.refusal(409, "person_id"))
    person_id = command.data.person_id
    if not fund.is_cleared(person_id):
        clearance = Clearance(
            person_id=person_id,
            by=command.principal,
            reason=command.data.reason,
            cleared_at=now,
        )
        fund = fund.model_copy(update={"clearances": (*fund.clearances, clearance)})
    body = {"fund_id": fund.id, "person_id": person_id, "state": "cleared"}
    return Decision((fund,), answer=Answer(200, body))


# --- one person, several records ---


def decide_joined(states: States, event: Event[PersonJoined], _now: datetime) -> Decision:
    """From now on a related party is one by each of his records."""
    ids = event.data.person_ids
    states.get_many(JoinedPersons, ids)
    return Decision(tuple(JoinedPersons(id=id_, person_ids=ids) for id_ in ids))


def decide_separated(states: States, event: Event[PersonSeparated], _now: datetime) -> Decision:
    others = event.data.person_ids
    states.get_many(JoinedPersons, (event.subject, *others))
    return Decision(
        (
            JoinedPersons(id=event.subject),
            *(JoinedPersons(id=id_, person_ids=others) for id_ in others),
        )
    )


# --- the parts ---


def _get_relation(
    states: States, command: RelationCommand
) -> tuple[FundRelations, Relation | None]:
    fund = states.get(FundRelations, command.fund_id) or FundRelations(id=command.fund_id)
    return fund, fund.find(command.person_id)


def _save(fund: FundRelations, relation: Relation, status: int = 200) -> Decision:
    changed = fund.with_relation(relation)
    return Decision((changed,), answer=_answer_relation(changed, relation, status))


def _answer_relation(fund: FundRelations, relation: Relation, status: int = 200) -> Answer:
    body = {"fund_id": fund.id, "person_id": relation.person_id, "state": relation.state}
    return Answer(status, body)


def _refuse_state(relation: Relation) -> Decision:
    return Decision(answer=RELATION_STATES[relation.state].refusal(409))
