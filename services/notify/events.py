"""Which event and which command goes to which decision."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from services.notify.decide import announcing, reports, resolving, sending
from services.notify.model import ClaimNotice, NoticeDue, RecordOutcome, ResolveNotice
from services.notify.purposes import PURPOSES
from services.notify.rules import Rules
from shared.contracts.envelope import Fact
from shared.contracts.events import MessageReported, ReplyUnderstood
from shared.contracts.values import Value
from shared.messaging.decision import Handler

ANNOUNCE: Handler[Any] = Handler(announcing.touches_event, announcing.decide_event)


def events(rules: Rules) -> Mapping[type[Fact], Handler[Any]]:
    return dict.fromkeys(PURPOSES, ANNOUNCE) | {
        MessageReported: Handler(
            reports.touches_report,
            partial(reports.decide_report, rules),
            follow=reports.follow_report,
        ),
        ReplyUnderstood: Handler(reports.touches_reply, reports.decide_reply),
    }


def commands(rules: Rules) -> Mapping[type[Value], Handler[Any]]:
    return {
        ClaimNotice: Handler(sending.touches_claim, partial(sending.decide_claim, rules)),
        RecordOutcome: Handler(sending.touches_outcome, partial(sending.decide_outcome, rules)),
        NoticeDue: Handler(sending.touches_due, partial(sending.decide_due, rules)),
        ResolveNotice: Handler(
            resolving.touches_resolve,
            partial(resolving.decide_resolve, rules),
            follow=resolving.follow_resolve,
        ),
    }
