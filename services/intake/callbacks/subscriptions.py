"""What a person chose of WeChat's subscribe messages, for notify to count. docs/decisions/0240."""

import structlog
from pydantic import ValidationError

from services.intake.channels.wechat import WeChatSubscription
from services.intake.model.subscriptions import RecordChoice
from services.intake.resources import IntakeRuntime
from services.intake.vault.persons import derive_point_id
from shared.messaging.batches import execute_all
from shared.messaging.decision import Command

log = structlog.get_logger()


async def record_choices(runtime: IntakeRuntime, pushed: WeChatSubscription) -> None:
    """WeChat pushes an event again where it heard no answer: openid, time and kind make it one."""
    vault = runtime.resources.vault
    account_id = derive_point_id(vault, openid=pushed.openid)
    event = (pushed.openid, str(int(pushed.at.timestamp())), pushed.kind)
    commands: list[Command[RecordChoice]] = []
    for place, choice in enumerate(pushed.choices):
        try:
            data = RecordChoice(
                choice_id=vault.derive_id("S", *event, choice.template_id, str(place)),
                account_id=account_id,
                template_id=choice.template_id,
                accepted=choice.accepted,
            )
        except ValidationError:
            log.warning("subscription_of_unknown_shape", kind=pushed.kind)
            continue
        commands.append(Command(data, principal="wechat", correlation_id=data.choice_id))
    await execute_all(runtime.processor, commands)
