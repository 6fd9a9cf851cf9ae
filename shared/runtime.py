"""What a running service has at hand; made by `shared.service`, read by its routes and jobs."""

from dataclasses import dataclass
from typing import Generic

from typing_extensions import TypeVar

from shared import mongo
from shared.http import HttpClient
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.flow import Flow
from shared.messaging.outbox import Outbox
from shared.messaging.processor import Processor
from shared.messaging.resealing import Resealer
from shared.security import Keyring
from shared.security.sessions import Sessions
from shared.settings import Settings

# Without parameters, a Runtime is one of any service: its settings are those that all have.
SettingsT_co = TypeVar("SettingsT_co", bound=Settings, covariant=True, default=Settings)
ResourcesT_co = TypeVar("ResourcesT_co", covariant=True, default=object)


@dataclass(frozen=True, slots=True)
class Runtime(Generic[SettingsT_co, ResourcesT_co]):
    """settings: the service's own. resources: what only this service needs (vault, providers)."""

    name: str
    settings: SettingsT_co
    keyring: Keyring
    database: mongo.Database
    processor: Processor
    outbox: Outbox
    dead_letters: DeadLetters
    resealer: Resealer
    flow: Flow
    http: HttpClient
    sessions: Sessions
    resources: ResourcesT_co
