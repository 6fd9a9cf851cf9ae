"""Which fact and which command goes to which decision, and what each touches."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.audit.decide import (
    decide_accepted,
    decide_approve_fund,
    decide_confirmed,
    decide_decline_fund,
    decide_donation,
    decide_propose_fund,
    decide_released,
    donation_id,
    fund_of,
    is_money,
)
from services.audit.model import (
    HEAD,
    ApproveFund,
    Commitment,
    DeclineFund,
    Donation,
    Fund,
    LogHead,
    ProposeFund,
)
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    DonationReceived,
    MatchAccepted,
    MatchConfirmed,
    MatchFact,
    MatchReleased,
)
from shared.contracts.values import Value
from shared.messaging.decision import AnyRef, Command, Handler, Ref, States

THE_HEAD: AnyRef = Ref(LogHead, HEAD)


def _donation_touches(event: Event[DonationReceived]) -> Iterable[AnyRef]:
    return THE_HEAD, Ref(Donation, donation_id(event)), Ref(Fund, event.data.fund_id)


def _match_touches(event: Event[Any]) -> Iterable[AnyRef]:
    """Goods leave no trace on the ledger, so they do not contend for its head."""
    match: MatchFact = event.data
    if not is_money(match):
        return ()
    return THE_HEAD, Ref(Commitment, event.subject), Ref(Fund, fund_of(match))


def _fund_behind(states: States, event: Event[Any]) -> Iterable[AnyRef]:
    """The commitment says which fund pays, should a later event say otherwise."""
    if not is_money(event.data):
        return ()
    commitment = states.get(Commitment, event.subject)
    return (Ref(Fund, commitment.fund_id),) if commitment else ()


def _fund_touches(command: Command[Any]) -> Iterable[AnyRef]:
    return (Ref(Fund, command.data.fund_id),)


def _opening_touches(command: Command[ApproveFund]) -> Iterable[AnyRef]:
    return THE_HEAD, Ref(Fund, command.data.fund_id)


EVENTS: Mapping[type[Fact], Handler[Any]] = {
    DonationReceived: Handler(_donation_touches, decide_donation, own_identity=True),
    MatchAccepted: Handler(_match_touches, decide_accepted),
    MatchConfirmed: Handler(_match_touches, decide_confirmed, follow=_fund_behind),
    MatchReleased: Handler(_match_touches, decide_released, follow=_fund_behind),
}

COMMANDS: Mapping[type[Value], Handler[Any]] = {
    ProposeFund: Handler(_fund_touches, decide_propose_fund),
    ApproveFund: Handler(_opening_touches, decide_approve_fund),
    DeclineFund: Handler(_fund_touches, decide_decline_fund),
}
