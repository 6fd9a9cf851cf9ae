"""A service: what it understands, put together with broker, database and HTTP into one app.

`services/<name>/main.py` fills in a `Service`; `build_app` makes the process of it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog
from fastapi import APIRouter, FastAPI

from shared import actions, logs, mongo
from shared.contracts.envelope import Fact
from shared.contracts.topics import list_consumed
from shared.contracts.values import Value
from shared.credential_uses import write_uses_endlessly
from shared.errors import Transient
from shared.gaps import watch_gaps
from shared.http import FetchingClient, HttpClient, open_http_client
from shared.looks import DEAD_LETTER_LOOKS
from shared.messaging import batch_store, feedback, outbox
from shared.messaging.batch_store import BatchStore
from shared.messaging.broker import Positions, Subscription
from shared.messaging.cluster import ClusterWatch, create_topics, read_cluster_id
from shared.messaging.connection import BrokerConnection
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.decision import AnyHandler, State
from shared.messaging.inbox import Inbox, Routes
from shared.messaging.outbox import Outbox
from shared.messaging.processor import CONFLICTS_IN_A_ROW_MAX, Processor
from shared.messaging.producer import Producer
from shared.messaging.publisher import Publisher
from shared.messaging.resealing import (
    Resealer,
    SealedCollection,
    describe_dead_letters,
    make_dead_letter_sealer,
)
from shared.runtime import Runtime
from shared.security import Keyring
from shared.security.sessions import Sessions
from shared.sessions import RemoteSessions
from shared.settings import Settings
from shared.tasks import cancel_each, retry_until_done, run_endlessly, run_or_exit
from shared.tracing.opening import open_tracer, trace_calls
from shared.web import access, openapi, operations, pages
from shared.web import feedback as feedback_route
from shared.web.actions import build_routers
from shared.web.admission import Admission
from shared.web.callers import FrontAddress
from shared.web.doorway import Doorway
from shared.web.operation_pages import build_operation_routers
from shared.web.staff import answer_bug

if TYPE_CHECKING:
    from shared.tracing.tracer import Tracer

log = structlog.get_logger()

SettingsT = TypeVar("SettingsT", bound=Settings)
ResourcesT = TypeVar("ResourcesT")
HAS_DEADLINE = {"due_at": {"$type": "date"}}
RELAY_EVERY_S = 1.0
CLUSTER_LOOK_EVERY_S = 1.5


@dataclass(frozen=True, slots=True)
class Service(Generic[SettingsT, ResourcesT]):
    """events, commands: fact or command type -> how it is decided. jobs: endless coroutines.

    retired_indexes: collection and name of those that earlier releases had; dropped at start.
    sealed: where sealed values stand beside the dead letters; sealed anew when the root rotates.
    records_expire: False keeps the outbox for ever (audit's entries are their own outbox).
    build_resources: what only this service needs at hand (vault, providers); called at start.
    start: runs once, before anything is decided. before_serving: once too, when its own commands
    are decided, and nothing is read or answered yet.
    build_sessions: of who keeps the sessions himself; the others ask intake.
    """

    name: str
    states: tuple[type[State], ...]
    events: Mapping[type[Fact], AnyHandler]
    commands: Mapping[type[Value], AnyHandler]
    routers: tuple[APIRouter, ...]
    build_resources: Callable[[SettingsT, Keyring, FetchingClient], ResourcesT]
    jobs: tuple[Callable[[Runtime[SettingsT, ResourcesT]], Awaitable[None]], ...] = ()
    indexes: tuple[mongo.Index, ...] = ()
    retired_indexes: tuple[tuple[str, str], ...] = ()
    sealed: tuple[SealedCollection, ...] = ()
    records_expire: bool = True
    start: Callable[[Runtime[SettingsT, ResourcesT]], Awaitable[None]] | None = None
    before_serving: Callable[[Runtime[SettingsT, ResourcesT]], Awaitable[None]] | None = None
    build_sessions: Callable[[SettingsT, mongo.Database, Processor], Sessions] | None = None


def build_app(service: Service[SettingsT, ResourcesT], settings: SettingsT) -> FastAPI:
    """HTTP answers at once; it is ready when broker, database and consumers are."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logs.configure(service.name, settings.log_level)
        process = ServiceProcess(app, service, settings, tracer)
        starting = asyncio.create_task(run_or_exit(process.start()))
        yield
        starting.cancel()
        await process.stop()

    app = FastAPI(
        # Our own routes serve the document, since they are guarded where strangers come in.
        title=f"莞家 Guanjia: {service.name}",
        lifespan=lifespan,
        openapi_url=None,
    )
    app.state.service = service
    app.state.runtime = None
    app.state.public_scheme = settings.public_scheme
    app.state.ready = lambda: "starting"
    app.state.admission = Admission(
        per_minute=settings.rate_limit_per_minute,
        strangers_per_minute=settings.stranger_limit_per_minute,
        in_flight_max=settings.requests_in_flight_max,
        pause_s=settings.refusal_pause_s,
    )
    app.add_middleware(
        Doorway,
        in_flight_max=settings.requests_in_flight_max,
        pause_s=settings.refusal_pause_s,
    )
    tracer = open_tracer(app, settings, service.name)
    app.add_middleware(FrontAddress, token=settings.front_token.get_secret_value())
    access.install_problem_answers(app)
    app.add_exception_handler(Exception, answer_bug)
    descriptions = operations.build_descriptions(guarded=not settings.is_local)
    own = [
        pages.router,
        *build_routers(service.name),
        *build_operation_routers(service.name),
        operations.router,
        descriptions,
    ]
    if any(topic.inbound for topic in list_consumed(service.name)):
        own.append(feedback_route.router)
    routers = (*service.routers, *own)
    for router in routers:
        # As they are: `include_router` analyzes each route once more, in every process at its first
        # request, which is half a second for intake's.
        app.router.routes.extend(router.routes)
    openapi.document_problems(app, routers)
    app.state.asyncapi = None
    return app


class ServiceProcess(Generic[SettingsT, ResourcesT]):
    """One running service: starts its parts in order and moves them to a broker that is new."""

    def __init__(
        self,
        app: FastAPI,
        service: Service[SettingsT, ResourcesT],
        settings: SettingsT,
        tracer: "Tracer | None" = None,
    ) -> None:
        self._app = app
        self._service = service
        self._settings = settings
        self._tracer = tracer
        self._tasks: list[asyncio.Task[None]] = []
        self._jobs: list[asyncio.Task[None]] = []
        self._unreachable = ""
        self._closing = AsyncExitStack()
        self._keyring = Keyring(settings.secrets_dir)
        self._database = mongo.connect(
            settings.mongo_uri, f"{settings.mongo_prefix}_{service.name}"
        )
        self._clock = mongo.ServerClock(self._database)
        self._broker = BrokerConnection.from_settings(settings)
        self._producer = Producer(
            self._broker,
            source=f"/{service.name}",
            keyring=self._keyring,
            idempotent=settings.broker == "kafka",
        )
        self._outbox = Outbox(self._database, self._producer, settings.outbox_stale_ms)
        self._publisher = Publisher(service.name, self._outbox, self._clock)
        self._processor, self._dead_letters = self._make_processor()
        self._positions = Positions(self._database, believe_end=settings.broker == "kafka")
        self._subscription = self._make_subscription()

    def _make_processor(self) -> tuple[Processor, DeadLetters]:
        service, settings = self._service, self._settings
        inbox = Inbox(Routes(service.events, service.commands), self._keyring)
        sealer = make_dead_letter_sealer(self._keyring, service.name)
        processor = Processor(
            service=service.name,
            inbox=inbox,
            store=BatchStore(self._database, inbox, f"/{service.name}", sealer),
            publisher=self._publisher,
            clock=self._clock,
            batch_events_max=settings.batch_events_max,
            batch_interval_s=settings.batch_interval_ms / 1000,
            bugs_max=settings.bugs_max,
            queue_max=settings.command_queue_max,
            tracer=self._tracer,
        )
        sealed = (describe_dead_letters(sealer), *service.sealed)
        self._resealer = Resealer(self._database, self._keyring, sealed)
        return processor, DeadLetters(self._database, inbox, processor, sealer)

    def _make_subscription(self) -> Subscription:
        return Subscription(
            service=self._service.name,
            topics=[topic.name for topic in list_consumed(self._service.name)],
            settings=self._settings,
            connection=self._broker,
            positions=self._positions,
            submit=self._processor.submit,
        )

    async def start(self) -> None:
        await retry_until_done(self._prepare_database)
        cluster = await retry_until_done(self._connect_broker)
        runtime = await self._make_runtime()
        if self._service.start:
            await self._service.start(runtime)
        self._spawn(self._processor.run())
        self._spawn(self._publisher.run())
        if self._service.before_serving:
            await retry_until_done(partial(self._service.before_serving, runtime))
        self._app.state.runtime = runtime
        # What a dead instance left is published before anything new is read.
        await retry_until_done(self._publish_forgotten)
        await retry_until_done(partial(self._subscription.start, cluster))
        self._publisher.committer = self._subscription
        self._spawn(self._publisher.relay(RELAY_EVERY_S))
        self._spawn(self._follow_cluster(cluster))
        self._spawn(run_endlessly(watch_gaps, runtime))
        self._spawn(run_endlessly(_reseal, runtime))
        self._spawn(run_endlessly(write_uses_endlessly, runtime))
        self._jobs = [
            asyncio.create_task(run_endlessly(job, runtime)) for job in self._service.jobs
        ]
        self._app.state.ready = lambda: self._find_obstacle()
        log.info("service_ready", service=self._service.name, cluster=cluster)

    async def stop(self) -> None:
        """Reading first, then jobs (they may still decide), then what decides and publishes."""
        self._app.state.ready = lambda: "stopping"
        await self._subscription.stop()
        await cancel_each(self._jobs)
        await cancel_each(self._tasks)
        await self._producer.stop()
        await self._closing.aclose()
        if self._tracer:
            await self._tracer.close()
        self._database.client.close()

    def _spawn(self, coroutine: Awaitable[None]) -> None:
        self._tasks.append(asyncio.ensure_future(run_or_exit(coroutine)))

    async def _prepare_database(self) -> None:
        states = [index_state(state) for state in self._service.states]
        retention = self._settings.outbox_retention_days if self._service.records_expire else None
        indexes: list[mongo.Index] = [
            *states,
            *self._service.indexes,
            *batch_store.INDEXES,
            *feedback.INDEXES,
            *actions.INDEXES,
            *DEAD_LETTER_LOOKS.indexes,
            *outbox.list_indexes(retention),
        ]
        try:
            await mongo.ensure_indexes(self._database, indexes)
            await mongo.drop_indexes(self._database, self._list_retired_indexes())
            await mongo.remove_retired_fields(self._database, self._service.states)
        except mongo.PyMongoError as error:
            raise Transient(str(error)) from error

    def _list_retired_indexes(self) -> list[tuple[str, str]]:
        """By collection and name. Once every state had an index of its deadlines."""
        states = (each for each in self._service.states if not each.HAS_DEADLINES)
        return [(each.COLLECTION, "due_at_1") for each in states] + [*self._service.retired_indexes]

    async def _connect_broker(self) -> str:
        cluster = await read_cluster_id(self._broker)
        await create_topics(
            self._broker,
            replication_factor=self._settings.replication_factor,
        )
        await self._producer.start(cluster)
        return cluster

    async def _make_runtime(self) -> Runtime[SettingsT, ResourcesT]:
        client = await self._closing.enter_async_context(open_http_client())
        http = trace_calls(client, self._tracer, self._settings)
        return Runtime(
            name=self._service.name,
            settings=self._settings,
            keyring=self._keyring,
            database=self._database,
            processor=self._processor,
            outbox=self._outbox,
            dead_letters=self._dead_letters,
            resealer=self._resealer,
            flow=self._subscription.flow,
            http=http,
            resources=self._service.build_resources(self._settings, self._keyring, http),
            sessions=self._build_sessions(http),
        )

    def _build_sessions(self, http: HttpClient) -> Sessions:
        settings = self._settings
        if self._service.build_sessions:
            return self._service.build_sessions(settings, self._database, self._processor)
        return RemoteSessions(http, settings.intake_url, settings.secrets_dir / "service.token")

    async def _publish_forgotten(self) -> None:
        try:
            await self._outbox.publish_forgotten(await self._clock.now())
        except mongo.PyMongoError as error:
            raise Transient(str(error)) from error

    async def _follow_cluster(self, cluster: str) -> None:
        """A broker that comes back empty has another id: topics, outbox and places anew."""
        watch = ClusterWatch(self._broker)
        self._closing.push_async_callback(watch.close)
        while True:
            await asyncio.sleep(CLUSTER_LOOK_EVERY_S)
            try:
                current = await watch.look()
                await self._database.command("ping")
            except (Transient, mongo.PyMongoError) as error:
                if not self._unreachable:
                    log.warning("part_away", service=self._service.name, error=str(error))
                self._unreachable = type(error).__name__
                continue
            self._unreachable = ""
            if current != cluster:
                log.warning("broker_changed", service=self._service.name, cluster=current)
                self._note_obstacle("the broker is another cluster")
                await self._subscription.stop()
                note = self._note_obstacle
                cluster = await retry_until_done(self._connect_broker, note)
                await retry_until_done(self._publish_forgotten, note)
                await retry_until_done(partial(self._subscription.start, cluster), note)
                self._note_obstacle("")

    def _note_obstacle(self, why: str) -> None:
        self._unreachable = why

    def _find_obstacle(self) -> str:
        if self._processor.is_braked:
            return "bug brake"
        if self._processor.conflicts_in_a_row >= CONFLICTS_IN_A_ROW_MAX:
            return "endless conflicts: somebody else wrote where a batch is to be written"
        if self._unreachable:
            return f"broker or database away: {self._unreachable}"
        return self._subscription.obstacle


async def _reseal(runtime: Runtime) -> None:
    await runtime.resealer.run()


def index_state(state: type[State]) -> mongo.Index:
    """`_id` is indexed anyway: that makes the collection."""
    if state.HAS_DEADLINES:
        return state.COLLECTION, [("due_at", 1)], {"partialFilterExpression": HAS_DEADLINE}
    return state.COLLECTION, [("_id", 1)], {}
