"""What follows a message of danger from the same contact point, until staff closed that."""

from services.intake.model import Correspondence, Message
from shared.messaging.decision import States
from shared.towns import CITY_WIDE


def find_alarm(states: States, thread: Correspondence) -> Message | None:
    """The message of danger that waits there."""
    alarm = states.get(Message, thread.alarm) if thread.alarm else None
    return alarm if alarm is not None and alarm.waits and alarm.urgent else None


def share_town(alarm: Message, message: Message) -> tuple[Message, Message]:
    """Both are read where one of them says that its sender is."""
    towns = [each.town_code for each in (alarm, message) if each.town_code != CITY_WIDE]
    if not towns:
        return alarm, message
    return _place(alarm, towns[0]), _place(message, towns[0])


def _place(message: Message, town_code: str) -> Message:
    is_unplaced = message.town_code == CITY_WIDE
    return message.model_copy(update={"town_code": town_code}) if is_unplaced else message
