"""What a running service has at hand; made by `shared.service`, read by its routes and jobs."""

from dataclasses import dataclass
from typing import Any

import httpx

from shared import mongo
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.outbox import Outbox
from shared.messaging.processor import Processor
from shared.security import Keyring


@dataclass(frozen=True, slots=True)
class Runtime:
    """extras: what the service's own composition root adds (vault, providers ...)."""

    name: str
    settings: Any  # the service's own subclass of Settings
    keyring: Keyring
    database: mongo.Database
    processor: Processor
    outbox: Outbox
    dead_letters: DeadLetters
    http: httpx.AsyncClient
    extras: Any = None
