"""Sessions as intake keeps them: whether one stands is read at every call."""

from datetime import timedelta

from services.intake.model.account import Account, Session, TouchSession
from services.intake.settings import IntakeSettings
from shared import mongo
from shared.errors import Transient
from shared.messaging.decision import Command
from shared.messaging.processor import Processor
from shared.security.sessions import LiveSession

TOUCHED_EVERY = timedelta(minutes=1)


class KeptSessions:
    def __init__(self, database: mongo.Database, processor: Processor, idle: timedelta) -> None:
        self._database = database
        self._processor = processor
        self._idle = idle

    async def find(self, session_id: str) -> LiveSession | None:
        try:
            session = await mongo.load(self._database, Session, session_id)
            if session is None:
                return None
            account = await mongo.load(self._database, Account, session.account_id)
        except mongo.PyMongoError as error:
            raise Transient(str(error)) from error
        now = await self._processor.now()
        if not session.stands(account, now):
            return None
        if session.idle_at - now < self._idle - TOUCHED_EVERY:
            await self._processor.execute(Command(TouchSession(session_id=session_id)))
        roles = None if session.roles is None else frozenset(session.roles)
        return LiveSession(session_id, session.account_id, roles, session.area)


def build_sessions(
    settings: IntakeSettings, database: mongo.Database, processor: Processor
) -> KeptSessions:
    idle = timedelta(minutes=settings.session_idle_minutes)
    return KeptSessions(database, processor, idle)
