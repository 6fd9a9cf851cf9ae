"""Which event and which command goes to which decision."""

from collections.abc import Mapping
from functools import partial

from services.notify.decide import (
    announcements,
    budgets,
    claims,
    digests,
    outcomes,
    subscriptions,
    tasks,
    tokens,
    traffic,
    waits,
    wordings,
)
from services.notify.duties import CALLS
from services.notify.model import (
    ClaimNotice,
    NoticeDue,
    PutOffNotice,
    PutStaffMember,
    RecordCall,
    RecordOutcome,
    RemoveStaffMember,
    ResolveNotice,
    SendDigest,
)
from services.notify.overtaking import OVERTAKINGS
from services.notify.purposes import PURPOSES
from services.notify.rules import Rules
from services.notify.spending import WarnOfBudget
from services.notify.tokens import LeaseToken, StoreToken
from services.notify.traffic import MoveTraffic, RestoreTraffic
from services.notify.wordings import ApproveWords, DropWords, ProposeWords
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    MessageReported,
    NoticesResumed,
    ReplyUnderstood,
    SubscriptionAnswered,
)
from shared.contracts.values import Value
from shared.messaging.decision import AnyHandler, Handler


def build_events(rules: Rules) -> Mapping[type[Fact], AnyHandler]:
    announce: AnyHandler = Handler(decide=partial(announcements.decide_announce, rules))
    return dict.fromkeys((*PURPOSES, *CALLS, *OVERTAKINGS), announce) | {
        MessageReported: Handler(decide=partial(outcomes.decide_report, rules)),
        ReplyUnderstood: Handler(decide=claims.decide_reply),
        NoticesResumed: Handler(decide=claims.decide_resume),
        SubscriptionAnswered: Handler(decide=subscriptions.decide_subscription),
    }


def build_commands(rules: Rules) -> Mapping[type[Value], AnyHandler]:
    return {
        ClaimNotice: Handler(decide=partial(claims.decide_claim, rules)),
        RecordCall: Handler(decide=tasks.decide_record_call),
        WarnOfBudget: Handler(decide=partial(budgets.decide_warn_of_budget, rules)),
        PutOffNotice: Handler(decide=waits.decide_put_off),
        MoveTraffic: Handler(decide=partial(traffic.decide_move, rules)),
        LeaseToken: Handler(decide=tokens.decide_lease),
        StoreToken: Handler(decide=tokens.decide_store),
        RestoreTraffic: Handler(decide=partial(traffic.decide_restore, rules)),
        NoticeDue: Handler(decide=partial(waits.decide_due, rules)),
        RecordOutcome: Handler(decide=partial(outcomes.decide_record_outcome, rules)),
        SendDigest: Handler(decide=partial(digests.decide_send_digest, rules)),
        PutStaffMember: Handler(decide=digests.decide_put_member),
        RemoveStaffMember: Handler(decide=digests.decide_remove_member),
        ProposeWords: Handler(decide=partial(wordings.decide_propose, rules)),
        ApproveWords: Handler(decide=partial(wordings.decide_approve, rules)),
        DropWords: Handler(decide=partial(wordings.decide_drop, rules)),
        ResolveNotice: Handler(decide=partial(outcomes.decide_resolve, rules)),
    }
