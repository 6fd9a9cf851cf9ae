"""Which event and which command goes to which decision."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from services.notify.decide import announcements, claims, outcomes
from services.notify.model import ClaimNotice, NoticeDue, RecordOutcome, ResolveNotice
from services.notify.purposes import PURPOSES
from services.notify.rules import Rules
from shared.contracts.envelope import Fact
from shared.contracts.events import MessageReported, ReplyUnderstood
from shared.contracts.values import Value
from shared.messaging.decision import Handler

ANNOUNCE: Handler[Any] = Handler(decide=announcements.decide_announce)


def build_event_handlers(rules: Rules) -> Mapping[type[Fact], Handler[Any]]:
    return dict.fromkeys(PURPOSES, ANNOUNCE) | {
        MessageReported: Handler(decide=partial(outcomes.decide_report, rules)),
        ReplyUnderstood: Handler(decide=claims.decide_reply),
    }


def build_command_handlers(rules: Rules) -> Mapping[type[Value], Handler[Any]]:
    return {
        ClaimNotice: Handler(decide=partial(claims.decide_claim, rules)),
        NoticeDue: Handler(decide=partial(claims.decide_expire, rules)),
        RecordOutcome: Handler(decide=partial(outcomes.decide_record_outcome, rules)),
        ResolveNotice: Handler(decide=partial(outcomes.decide_resolve, rules)),
    }
