"""Settings: environment variables `GUANJIA_*`, or a TOML file named by `GUANJIA_SETTINGS_FILE`.

A wrong value is refused at start with its name, the value and what is allowed; secrets are masked.
"""

import ipaddress
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError

from shared.catalogue import Catalogue, load_catalogue
from shared.errors import Invalid, InvalidValueError

PREFIX = "GUANJIA_"
FILE_SUFFIX = "_FILE"
WRONG = "设置有误 wrong setting"


def _check_catalogue(file: Path | None) -> Path | None:
    try:
        load_catalogue(file)
    except Invalid as error:
        raise InvalidValueError(error.problems[0]) from None
    return file


class Settings(BaseSettings):
    """What every service needs to know. A service adds its own in `services/<name>/settings.py`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    broker: Annotated[
        Literal["kafka", "mesh"], Field(description="kafka: idempotent producer, acks=all")
    ] = "kafka"
    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_tls: bool = False
    kafka_ca_file: Annotated[
        FilePath | None, Field(description="whom to trust (PEM); empty: whom the system trusts")
    ] = None
    kafka_user: Annotated[str, Field(description="empty: the brokers ask nobody who he is")] = ""
    kafka_password: SecretStr = SecretStr("")
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    mongo_uri: Annotated[str, Field(repr=False, description="may hold a password")] = (
        "mongodb://127.0.0.1:27017/?replicaSet=rs0"
    )
    mongo_prefix: Annotated[str, Field(description="database names start with this")] = "guanjia"
    host: Annotated[str, Field(description="nothing listens beyond loopback unless told to")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    public_scheme: Annotated[
        Literal["http", "https"], Field(description="https: a proxy before us speaks TLS")
    ] = "http"
    public_url: Annotated[
        str,
        Field(
            pattern=r"^(https?://[^\s/?#]+)?$",
            description="the one address people come in by, such as https://guanjia.example; "
            "empty: each service by its own, for trying on one machine",
        ),
    ] = ""
    front_token: Annotated[
        SecretStr,
        Field(
            description="whoever shows it (X-Guanjia-Front) says from which address a caller comes "
            "(X-Forwarded-For): the front, and your proxy before it; empty: nobody does"
        ),
    ] = SecretStr("")
    data_dir: Path = Path.home() / ".local/share/guanjia"
    secrets_dir: Annotated[
        Path,
        Field(
            default_factory=lambda values: values["data_dir"] / "secrets",
            description="empty: `secrets` in the data folder",
        ),
    ]
    drain_s: Annotated[
        float,
        Field(
            ge=0,
            le=60,
            description="after SIGTERM it says that it stops and goes on answering for so long, so "
            "that the front sends to another instance; two seconds where there is one",
        ),
    ] = 0
    instance_id: Annotated[str, Field(description="static Kafka membership; unique")] = ""
    intake_url: str = "http://127.0.0.1:8001"
    matching_url: str = "http://127.0.0.1:8002"
    notify_url: str = "http://127.0.0.1:8003"
    audit_url: str = "http://127.0.0.1:8004"
    catalogue_file: Annotated[
        Path | None,
        AfterValidator(_check_catalogue),
        Field(description="items, synonyms and units (.csv, .xlsx); empty: the one installed"),
    ] = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    traces_url: Annotated[
        str,
        Field(
            pattern=r"^(https?://[^\s?#]+)?$",
            description="where traces go by OTLP over HTTP, such as "
            "http://collector:4318/v1/traces; empty: nowhere",
        ),
    ] = ""
    traces_share: Annotated[
        float,
        Field(ge=0, le=1, description="of the requests that are traced; the same everywhere"),
    ] = 0.01

    batch_events_max: Annotated[int, Field(ge=1, le=500)] = 500
    batch_interval_ms: Annotated[
        int,
        Field(ge=0, le=1000, description="between the beginnings of transactions of many items"),
    ] = 0
    fetch_max_wait_ms: Annotated[
        int, Field(ge=1, le=5000, description="Apache Kafka answers as soon as there is something")
    ] = 1000
    fetch_quiet_wait_ms: Annotated[
        int, Field(ge=1, le=5000, description="the wait when nothing has come for a while")
    ] = 1000
    session_timeout_ms: Annotated[int, Field(ge=1000, le=300_000)] = 30_000
    gap_alarm_s: Annotated[float, Field(gt=0)] = 30.0
    outbox_stale_ms: Annotated[int, Field(ge=100)] = 2000
    replication_factor: Annotated[
        int, Field(ge=1, le=9, description="of topics made here; fewer where brokers are fewer")
    ] = 3
    outbox_retention_days: Annotated[int, Field(ge=1)] = 30
    bugs_max: Annotated[int, Field(ge=1, description="bugs in the last 200 events")] = 20
    rate_limit_per_minute: Annotated[int, Field(ge=1, description="per credential")] = 60_000
    stranger_limit_per_minute: Annotated[
        int, Field(ge=1, description="refused or unauthenticated calls per address")
    ] = 1_200
    refusal_pause_s: Annotated[
        float, Field(ge=0, le=30, description="before who sends too much is answered, on average")
    ] = 1.0
    requests_in_flight_max: Annotated[
        int, Field(ge=1, description="per credential, at a time in one process")
    ] = 256
    command_queue_max: Annotated[
        int, Field(ge=500, description="commands that wait to be decided; more are turned away")
    ] = 20_000

    @model_validator(mode="after")
    def _check_public_url(self) -> Self:
        if self.public_url and urlsplit(self.public_url).scheme != self.public_scheme:
            raise ValueError("public_url and public_scheme name different schemes")
        return self

    @model_validator(mode="after")
    def _check_broker_password(self) -> Self:
        if self.kafka_user and not self.kafka_password.get_secret_value():
            raise ValueError("kafka_user has no kafka_password")
        hosts = [each.rpartition(":")[0].strip("[] ") for each in self.kafka_bootstrap.split(",")]
        if self.kafka_user and not self.kafka_tls and not all(map(is_loopback, hosts)):
            raise ValueError("kafka_password would cross the network unsealed: set kafka_tls")
        return self

    def find_public_url(self, service: str) -> str:
        """What links to a service's pages begin with."""
        return self.public_url or str(getattr(self, f"{service}_url")).rstrip("/")

    @property
    def catalogue(self) -> Catalogue:
        return load_catalogue(self.catalogue_file)

    @property
    def is_local(self) -> bool:
        """Whether only this machine comes in: on loopback, and no proxy brings the public."""
        public_host = urlsplit(self.public_url).hostname or self.host
        return self.public_scheme == "http" and all(map(is_loopback, (self.host, public_host)))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings names them
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get(f"{PREFIX}SETTINGS_FILE")
        sources = (init_settings, env_settings, SecretFiles(settings_cls))
        return (*sources, TomlConfigSettingsSource(settings_cls, file)) if file else sources


class SecretFiles(PydanticBaseSettingsSource):
    """`GUANJIA_KAFKA_PASSWORD_FILE=/run/secrets/kafka`: the value of a setting is a file's content.

    What an environment holds is read by who may look at the process; a file has an owner.
    """

    def get_field_value(
        self,
        field: FieldInfo,  # noqa: ARG002 - pydantic-settings names it
        field_name: str,
    ) -> tuple[Any, str, bool]:
        file = os.environ.get(name_secret_file(field_name))
        if not file:
            return None, field_name, False
        try:
            return Path(file).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, ValueError) as error:
            why = f"{WRONG}: {name_secret_file(field_name)} = {file!r}: {error}"
            raise SettingsError(why) from None

    def __call__(self) -> dict[str, Any]:
        rows = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: text for name, text in rows.items() if text is not None}


def name_secret_file(field_name: str) -> str:
    return f"{PREFIX}{field_name.upper()}{FILE_SUFFIX}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_provider_url(url: str) -> str:
    """People's numbers, and words to them, cross no network unsealed."""
    parts = urlsplit(url)
    is_sealed = parts.scheme == "https" and parts.hostname
    is_here = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if url and not is_sealed and not is_here:
        raise ValueError("https://HOST, or http:// on this machine (127.0.0.1, localhost) alone")
    return url


ProviderUrl = Annotated[str, AfterValidator(_check_provider_url)]
"""Whom we have an account with; empty: nobody."""


class SettingsError(SystemExit):
    """Refused at start, with one line per wrong value."""


T = TypeVar("T", bound=Settings)


def load_settings(kind: type[T]) -> T:
    """Raises SettingsError, which names the variable, the value and what is allowed."""
    try:
        _check_file()
        return kind()
    except ValidationError as error:
        raise SettingsError(explain(kind, error)) from None
    except SourceError as error:
        raise SettingsError(_explain_json(error)) from None


def _explain_json(error: SourceError) -> str:
    """A mapping whose text is no JSON: the message names the field alone."""
    match = re.search(r'field "(\w+)"', str(error))
    variable = f"{PREFIX}{match[1].upper()}" if match else PREFIX
    value = os.environ.get(variable, "?")
    return f"{WRONG}: {variable} = {value!r}: Input should be a JSON object"


def _check_file() -> None:
    """pydantic-settings takes an absent file for an empty one."""
    file = os.environ.get(f"{PREFIX}SETTINGS_FILE")
    if not file:
        return
    try:
        tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = f"{WRONG}: {PREFIX}SETTINGS_FILE = {file!r}: {error} (TOML)"
        raise SettingsError(why) from None


def explain(kind: type[Settings], error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        if problem["type"] == "default_factory_not_called":  # because of the others
            continue
        name = str(problem["loc"][0])
        field = kind.model_fields.get(name)
        secret = field is not None and field.annotation is SecretStr
        value = "***" if secret else repr(problem["input"])
        cause = problem.get("ctx", {}).get("error")
        own = cause.problem if isinstance(cause, InvalidValueError) else None
        message = f"{own.zh} {own.en}" if own else problem["msg"]
        lines.append(
            f"{WRONG}: {PREFIX}{name.upper()} = {value}: {message}"
            + (f" ({field.description})" if field and field.description else "")
        )
    return "\n".join(lines)


def list_values(settings: Settings) -> dict[str, object]:
    """The settings as they are, secrets masked (`SecretStr` masks itself, URIs lose passwords)."""
    values = settings.model_dump(mode="json")
    uri = values["mongo_uri"]
    if "@" in uri:
        scheme, _, rest = uri.partition("://")
        values["mongo_uri"] = f"{scheme}://***@{rest.rpartition('@')[2]}"
    return {f"{PREFIX}{name.upper()}": value for name, value in values.items()}
