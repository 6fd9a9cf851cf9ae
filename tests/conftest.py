"""Real parts for every test that touches them: a mongod a session, a broker a test."""

import gc
import importlib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import certifi
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from deploy.local.stack import AT_ONCE, BrokerKind, Stack
from shared.messaging import state_writes
from shared.security import create_root_key
from tests.support.examples import count_examples
from tests.support.remembered import RememberedStates
from tests.support.stack import (
    MEMORY,
    forget_topics,
    has_memory,
    start_broker,
    start_mongod,
)
from tests.support.stack_harness import StackHarness

TESTS = Path(__file__).parent

# What is compiled once is not compiled again by every worker and every service a test starts.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# By day and night; tests of what waits say so themselves.
os.environ.update(AT_ONCE)

# Thousands of tests are objects that stay: looking through them all again and again for garbage
# took a fifth of the collecting.
gc.set_threshold(100_000, 50, 100)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What drives a browser is not even imported where it is not run."""
    skipped = "not pages" in config.option.markexpr
    return True if skipped and collection_path == TESTS / "pages" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Workers of the whole suite share the compiling of its modules: all would meet each at the
    same moment and compile it four times. What fails here fails again when it is collected."""
    worker = getattr(session.config, "workerinput", None)
    if worker is None or session.config.option.file_or_dir:
        return
    files = [f for f in sorted(TESTS.rglob("test_*.py")) if f.parent.name != "pages"]
    number = int(worker["workerid"].removeprefix("gw"))
    for file in files[number :: worker["workercount"]]:
        with suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(file.relative_to(TESTS.parent).with_suffix("").parts))


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each client of httpx reads all the web's authorities, 20 ms of a processor; here none meets
    the web."""
    first, end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----")
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text(f"{first}{end}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifi, "where", lambda: str(file))
        yield


@pytest.fixture(scope="session")
def remembered_states() -> Iterator[RememberedStates]:
    with pytest.MonkeyPatch.context() as patch:
        states = RememberedStates()
        patch.setattr(state_writes, "_encode_state", states.encode)
        yield states


@pytest.fixture(autouse=True)
def remembers_what_is_stored(remembered_states: RememberedStates) -> Iterator[None]:
    """Of each state that a loop in this process writes."""
    yield
    differences, remembered_states.differences = remembered_states.differences, set()
    assert not differences


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """What tests write goes to memory where there is plenty: thousands of secrets, registers and
    journals are brought to the disk one by one, and nobody reads them again. The workers' folders
    stand in the first process's. `--basetemp` names another place."""
    is_worker = hasattr(config, "workerinput")
    if not is_worker and not config.option.basetemp and has_memory():
        forget_killed_runs()
        prefix = f"guanjia-tests-{os.getpid()}-"
        folder = TemporaryDirectory(dir=MEMORY, prefix=prefix, ignore_cleanup_errors=True)
        config.option.basetemp = f"{folder.name}/t"
        config.add_cleanup(folder.cleanup)


def forget_killed_runs() -> None:
    """A run that was killed left its folder in memory; its name says whose it was."""
    for folder in MEMORY.glob("guanjia-tests-*-*"):
        if not Path("/proc", folder.name.split("-")[2]).exists():
            shutil.rmtree(folder, ignore_errors=True)


# Speed is measured in tests/bench; a busy machine must not fail a property.
settings.register_profile(
    "untimed",
    max_examples=count_examples(30, 100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")

BROKER: BrokerKind = "kafka" if os.environ.get("GUANJIA_TEST_BROKER") == "kafka" else "mesh"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mongod(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    stack = await start_mongod(tmp_path_factory.mktemp("mongod"))
    yield stack
    await stack.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack | None]:
    """Apache Kafka takes seconds to start, so it stays for the session."""
    if BROKER != "kafka":
        yield None
        return
    stack = await start_broker(tmp_path_factory.mktemp("kafka"), "kafka")
    yield stack
    await stack.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def broker(tmp_path: Path, kafka: Stack | None) -> AsyncIterator[Stack]:
    """`GUANJIA_TEST_BROKER=kafka` makes it Apache Kafka; the embedded one starts in 60 ms."""
    if kafka is not None:
        yield kafka
        await forget_topics(kafka.kafka_bootstrap)
        return
    stack = await start_broker(tmp_path / "broker", "mesh")
    yield stack
    await stack.stop()


@pytest.fixture
def secrets_dir(tmp_path: Path) -> Path:
    create_root_key(tmp_path / "secrets")
    return tmp_path / "secrets"


@pytest_asyncio.fixture(loop_scope="session")
async def stack(mongod: Stack, broker: Stack, secrets_dir: Path) -> AsyncIterator[StackHarness]:
    """Services in this process on the real broker and database, all of this test alone."""
    stack = StackHarness(mongod, broker, secrets_dir, prefix=f"t{uuid4().hex[:12]}")
    yield stack
    await stack.stop()
