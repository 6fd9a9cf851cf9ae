"""What a service shows its operators: how it goes, its dead letters, the settings in force.

The page that shows all services at once is intake's (`services/intake/pages/operations.py`), which
asks each of them here.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import SecretStr

from shared import telemetry
from shared.contracts.operations import OPERATIONS_PATH, Alarm, ProviderCalls, ServiceState
from shared.contracts.resending import RESEND_PATH, ResendQuery
from shared.contracts.topics import SERVICES
from shared.contracts.values import CHINA
from shared.credential_uses import USES_PATH, load_uses
from shared.messages import DEAD_LETTER_UNKNOWN
from shared.runtime import Runtime
from shared.security import Credential, Role
from shared.settings import PREFIX, Settings
from shared.web.access import Router, RuntimeDep, allow
from shared.web.actions import SERVICE_NAMES
from shared.web.links import FRAME
from shared.web.live import stream_part
from shared.web.operations import open_dead_letter
from shared.web.staff import PageRouter, render_refusal

log = structlog.get_logger()

PROVIDER_NAMES: Mapping[str, tuple[str, str]] = {
    "tencent": ("腾讯云短信", "Tencent SMS"),
    "aliyun": ("阿里云短信", "Aliyun SMS"),
    "wechat": ("微信", "WeChat"),
}
LETTERS_SHOWN = 50
MASK = "••••••"
# Gauges that are above zero only while somebody must look.
ALARMS = (
    telemetry.GAPS_OPEN,
    telemetry.LOG_STOPPED,
    telemetry.LOG_WAITING,
    telemetry.SMS_BUDGET_LOW,
)

OwnService = Annotated[Credential, Depends(allow(Role.SERVICE))]
# What nobody wrote for others' eyes: a dead letter has no area, and may hold anybody's data.
Operator = Annotated[Credential, Depends(allow(Role.OPERATOR, whole_city=True))]


def build_operation_routers(service: str) -> tuple[APIRouter, APIRouter]:
    """For intake's pages below `/internal`, for people at `/<service>/operations`."""
    between = Router(include_in_schema=False)
    between.add_api_route(OPERATIONS_PATH, read_state, methods=["POST"])
    between.add_api_route(RESEND_PATH, resend_missing, methods=["POST"])
    between.add_api_route(USES_PATH, read_uses, methods=["POST"])
    people = PageRouter()
    path = f"/{service}/operations"
    letter = f"{path}/dead-letters/{{id_}}"
    people.add_api_route(path, show_service)
    people.add_api_route(f"{path}/live", stream_service)
    people.add_api_route(letter, show_letter)
    people.add_api_route(f"{letter}/replay", replay_letter, methods=["POST"])
    people.add_api_route(f"{letter}/discard", discard_letter, methods=["POST"])
    return between, people


# --- how it goes ----------------------------------------------------------------------------------


async def read_state(_caller: OwnService, request: Request, runtime: RuntimeDep) -> ServiceState:
    return await describe_state(runtime, request.app.state.ready())


async def resend_missing(
    query: ResendQuery, _caller: OwnService, runtime: RuntimeDep
) -> dict[str, int]:
    """Events that another of our services lacks; who has them drops them."""
    sent = await runtime.outbox.resend_missing(query.list_sequences())
    log.info("missing_events_resent", service=runtime.name, sent=sent)
    return {"sent": sent}


async def read_uses(_caller: OwnService, runtime: RuntimeDep) -> Mapping[str, datetime]:
    """When each credential was last used at this service."""
    return await load_uses(runtime.database)


async def describe_state(runtime: Runtime, obstacle: str) -> ServiceState:
    return ServiceState(
        service=runtime.name,
        obstacle=obstacle,
        outbox_waiting=await runtime.outbox.count_waiting(),
        dead_letters=await runtime.dead_letters.open_count(),
        topics=await runtime.flow.measure(),
        alarms=tuple(_list_alarms()),
        oldest_s=await _find_oldest_s(runtime),
        providers=tuple(list_providers()),
    )


async def _find_oldest_s(runtime: Runtime) -> float | None:
    oldest = await runtime.outbox.find_oldest()
    return max(0.0, (await runtime.processor.now() - oldest).total_seconds()) if oldest else None


def list_providers() -> Iterator[ProviderCalls]:
    """Only the service that calls them has any."""
    counts: Counter[tuple[str, str]] = Counter()
    seconds: dict[str, float] = defaultdict(float)
    for sample in next(iter(telemetry.PROVIDER_SECONDS.collect())).samples:
        provider, outcome = (sample.labels.get(name, "") for name in ("provider", "outcome"))
        if sample.name.endswith("_count"):
            counts[provider, outcome] += int(sample.value)
        elif sample.name.endswith("_sum"):
            seconds[provider] += sample.value
    for provider in sorted({name for name, _ in counts}):
        calls = sum(count for (name, _), count in counts.items() if name == provider)
        answered = sum(counts[provider, outcome] for outcome in ("sent", "refused"))
        zh, en = PROVIDER_NAMES.get(provider, (provider, provider))
        mean_s = seconds[provider] / max(1, calls)
        yield ProviderCalls(zh=zh, en=en, calls=calls, failed=calls - answered, mean_s=mean_s)


def _list_alarms() -> Iterator[Alarm]:
    for gauge in ALARMS:
        for sample in next(iter(gauge.collect())).samples:
            if sample.value > 0:
                row = telemetry.CATALOGUE[sample.name]
                yield Alarm(zh=row.zh, en=row.en, subject=" ".join(sample.labels.values()))


async def show_service(_caller: Operator, request: Request, runtime: RuntimeDep) -> Response:
    return FRAME.render_with_script(
        request,
        "service_state.html",
        names=SERVICE_NAMES[runtime.name],
        state=await describe_state(runtime, request.app.state.ready()),
        letters=[_describe_letter(row) for row in await runtime.dead_letters.list("open")],
        letters_max=LETTERS_SHOWN,
        settings=list(list_settings(runtime.settings)),
        services=[(name, SERVICE_NAMES[name]) for name in SERVICES],
    )


async def stream_service(caller: Operator, request: Request, runtime: RuntimeDep) -> Response:
    async def draw() -> str:
        state = await describe_state(runtime, request.app.state.ready())
        return FRAME.render_part(request, "service_flow.html", state=state)

    return stream_part(request, caller, draw)


# --- settings -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettingRow:
    """variable: of the environment. is_own: another value than the default."""

    variable: str
    value: str
    meaning: str
    is_own: bool


def list_settings(settings: Settings) -> Iterator[SettingRow]:
    """As they are in force, written as the environment takes them. What may hold a secret is
    masked, whether it is set or not."""
    values = settings.model_dump(mode="json")
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        default = field.get_default(call_default_factory=True, validated_data=dict(settings))
        hidden = isinstance(value, SecretStr) or not field.repr
        yield SettingRow(
            variable=f"{PREFIX}{name.upper()}",
            value=MASK if hidden else _write_value(values[name]),
            meaning=field.description or "",
            is_own=value != default,
        )


def _write_value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- dead letters ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LetterRow:
    """problems: Chinese and English; none where our own code failed."""

    id: str
    at: str
    topic: str
    subject: str
    is_bug: bool
    problems: tuple[tuple[str, str], ...]


def _describe_letter(row: dict[str, object]) -> LetterRow:
    problems, stored_at = row["problems"], row["stored_at"]
    assert isinstance(problems, list)
    return LetterRow(
        id=str(row["id"]),
        at=f"{stored_at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}" if stored_at else "",  # type: ignore[attr-defined]
        topic=str(row["topic"]),
        subject=str(row["subject"] or ""),
        is_bug=bool(row["bug"]),
        problems=tuple((each["zh"], each["en"]) for each in problems),
    )


async def show_letter(
    id_: str, caller: Operator, request: Request, runtime: RuntimeDep
) -> Response:
    """With its content, which may be personal: the look is stored."""
    letter = await open_dead_letter(runtime, caller, id_)
    if letter is None:
        return render_refusal(request, DEAD_LETTER_UNKNOWN.refusal(404))
    return FRAME.render_for(
        request,
        "dead_letter.html",
        letter=_describe_letter(letter),
        content=letter["content"],
        traceback=letter["traceback"],
        is_open=letter["state"] == "open",
        service=runtime.name,
    )


async def replay_letter(
    id_: str, caller: Operator, request: Request, runtime: RuntimeDep
) -> Response:
    log.info("dead_letter_replayed", dead_letter_id=id_, by=caller.id)
    answer = await runtime.dead_letters.replay(id_)
    return render_refusal(request, answer) if answer.status >= 400 else _lead_back(runtime)


async def discard_letter(
    id_: str, caller: Operator, request: Request, runtime: RuntimeDep
) -> Response:
    log.info("dead_letter_discarded", dead_letter_id=id_, by=caller.id)
    answer = await runtime.dead_letters.discard(id_)
    return render_refusal(request, answer) if answer.status >= 400 else _lead_back(runtime)


def _lead_back(runtime: Runtime) -> Response:
    return RedirectResponse(f"/{runtime.name}/operations", status_code=303)
