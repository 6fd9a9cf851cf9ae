"""Which event and which command goes to which decision.

Tables are built, not constant: sealing needs the vault, and judging needs the house rules.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from services.intake.decide import messages, persons, progress, requests
from services.intake.model import (
    ApproveRequest,
    DeclineRequest,
    ErasePerson,
    ForgetOpenid,
    RegisterParty,
    ReportMessage,
    UnderstandReply,
    WithdrawRequest,
)
from services.intake.rules import Rules
from services.intake.vault.prepare import prepare_party, prepare_request
from services.intake.vault.sealing import Vault
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    MatchCommitted,
    MatchConfirmed,
    MatchDelivered,
    MatchReleased,
    MatchReopened,
    RequestSubmitted,
)
from shared.contracts.values import Value
from shared.messaging.decision import Decision, Handler, States


def events(vault: Vault, rules: Rules) -> Mapping[type[Fact], Handler[Any]]:
    return {
        RequestSubmitted: _submission(vault, rules),
        MatchCommitted: Handler(progress.touches_match, progress.decide_committed),
        MatchDelivered: Handler(progress.touches_match, progress.decide_delivered),
        MatchConfirmed: Handler(progress.touches_match, progress.decide_confirmed),
        MatchReleased: Handler(progress.touches_match, progress.decide_released),
        MatchReopened: Handler(progress.touches_match, progress.decide_reopened),
    }


def commands(vault: Vault, rules: Rules) -> Mapping[type[Value], Handler[Any]]:
    return {
        RequestSubmitted: _submission(vault, rules),
        ApproveRequest: _on_request(requests.decide_approve),
        DeclineRequest: _on_request(requests.decide_decline),
        WithdrawRequest: _on_request(requests.decide_withdraw),
        RegisterParty: Handler(
            persons.touches_party,
            persons.decide_register_party,
            follow=persons.follow_party,
            prepare=partial(prepare_party, vault),
        ),
        ErasePerson: Handler(persons.touches_erase, persons.decide_erase),
        ForgetOpenid: Handler(
            persons.touches_forget, persons.decide_forget, follow=persons.follow_forget
        ),
        ReportMessage: Handler(messages.touches_report, messages.decide_report),
        UnderstandReply: Handler(
            messages.touches_reply, messages.decide_reply, follow=messages.follow_reply
        ),
    }


def _on_request(decide: Callable[[States, Any, datetime], Decision]) -> Handler[Any]:
    return Handler(requests.touches_judgement, decide, follow=requests.follow_judgement)


def _submission(vault: Vault, rules: Rules) -> Handler[Any]:
    """The same decision for a message that came by HTTP and one that came by the topic."""
    return Handler(
        requests.touches_submission,
        partial(requests.decide_submission, rules),
        follow=requests.follow_submission,
        prepare=partial(prepare_request, vault, rules),
    )
