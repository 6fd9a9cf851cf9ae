"""What a person chose of WeChat's subscribe messages."""

from datetime import datetime, timedelta

from services.intake.model.subscriptions import KEPT_DAYS, RecordChoice, SubscriptionChoice
from shared.contracts.events import SubscriptionAnswered
from shared.messaging.decision import NOTHING, Command, Decision, States


def decide_record_choice(states: States, item: Command[RecordChoice], now: datetime) -> Decision:
    choice = item.data
    if states.get(SubscriptionChoice, choice.choice_id) is not None:
        return NOTHING
    state = SubscriptionChoice(id=choice.choice_id, expires_at=now + timedelta(days=KEPT_DAYS))
    fact = SubscriptionAnswered(
        account_id=choice.account_id, template_id=choice.template_id, accepted=choice.accepted
    )
    return Decision((state,), ((state, fact),))
