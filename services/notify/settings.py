"""What notify adds to the settings: providers, their accounts, and how it sends."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from services.notify.duties import URGENT_PURPOSES
from services.notify.model import SmsProvider
from services.notify.purposes import BY_NAME
from services.notify.rules import Rules
from shared.settings import ProviderUrl, Settings

DERIVED = "empty: derived from the root key, as the simulators expect"
WECHAT_DROPS_REPEATS_S = 600
Seconds = Annotated[float, Field(gt=0)]


class NotifySettings(Settings):
    """An endpoint left empty is the simulators'; beside a real account it is none at all."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8003
    simulators_url: str = "http://127.0.0.1:8005"

    tencent_endpoint: Annotated[
        ProviderUrl, Field(description="https://sms.tencentcloudapi.com/; empty: the simulators")
    ] = ""
    tencent_secret_id: str = "AKIDSIMULATOR"  # noqa: S105 - an account name
    tencent_secret_key: Annotated[SecretStr, Field(description=DERIVED)] = SecretStr("")
    tencent_app_id: str = "1400000000"
    sms_sign_name: Annotated[str, Field(min_length=2, max_length=12)] = "东莞民政"
    sms_template_ids: Annotated[
        Mapping[str, str],
        Field(
            default_factory=dict,
            description="notice purpose -> approved template id; in English: PURPOSE.en",
        ),
    ]

    aliyun_endpoint: Annotated[
        ProviderUrl, Field(description="https://dysmsapi.aliyuncs.com/; empty: the simulators")
    ] = ""
    aliyun_key_id: str = "LTAISIMULATOR"
    aliyun_key_secret: Annotated[SecretStr, Field(description=DERIVED)] = SecretStr("")
    aliyun_template_ids: Annotated[
        Mapping[str, str],
        Field(
            default_factory=dict,
            description="notice purpose -> approved template code; in English: PURPOSE.en",
        ),
    ]
    sms_shares: Annotated[
        Mapping[SmsProvider, Annotated[int, Field(ge=0, le=100)]],
        Field(
            default_factory=lambda: {"tencent": 100, "aliyun": 0},
            description="of 100 SMS; with 0 it stands by for when another fails",
        ),
    ]
    sms_price_fen: Annotated[
        float, Field(ge=0, le=100, description="of one SMS, as previews show it")
    ] = 5

    sms_budget_yuan: Annotated[
        float,
        Field(
            ge=0,
            description="of a month in China, by that price; then only what is urgent, an answer "
            "or a code goes by SMS, the rest waits; 0: none",
        ),
    ] = 0
    sms_alarm_percent: Annotated[
        int, Field(ge=1, le=100, description="of the budget: so much spent raises an alarm")
    ] = 80

    traffic_errors_max: Annotated[
        int, Field(ge=1, description="in a minute at one instance, then a tenth goes to the other")
    ] = 10
    traffic_slow_s: Annotated[
        float, Field(gt=0, description="a call that takes longer is slow")
    ] = 5
    traffic_slow_percent: Annotated[int, Field(ge=1, le=100)] = 15
    traffic_back_s: Annotated[
        float, Field(gt=0, description="a tenth of what went over comes back after each")
    ] = 3600

    wechat_endpoint: Annotated[
        ProviderUrl, Field(description="https://api.weixin.qq.com; empty: the simulators")
    ] = ""
    wechat_appid: str = "wxsimulator0000000"
    wechat_secret: Annotated[SecretStr, Field(description=DERIVED)] = SecretStr("")
    wechat_template_ids: Annotated[
        Mapping[str, str],
        Field(
            default_factory=dict,
            description="notice purpose -> template id; in English: PURPOSE.en",
        ),
    ]

    wechat_subscribe_ids: Annotated[
        Mapping[str, str],
        Field(
            default_factory=dict,
            description="notice purpose -> template id of its subscribe message, which goes while "
            "he has a credit for it; in English: PURPOSE.en",
        ),
    ]

    station_numbers: Annotated[
        Mapping[
            Annotated[str, Field(pattern=r"^(\d{6}|\d{9}|\d{12})$")],
            Annotated[str, Field(pattern=r"^[0-9-]{5,17}$")],
        ],
        Field(
            default_factory=dict,
            description="area code -> the public number of its station or committee, as WeChat's "
            "notices show it; 441900: of the city, where no nearer one is",
        ),
    ]

    batch_interval_ms: Annotated[
        int,
        Field(
            ge=0,
            le=1000,
            description="between the beginnings of transactions of many items: so long a notice of "
            "a burst waits at each of its steps",
        ),
    ] = 80
    send_concurrency: Annotated[
        int, Field(ge=1, le=1000, description="calls at one time; unclear if the process dies")
    ] = 24
    send_batch_max: Annotated[int, Field(ge=1, le=500)] = 100
    send_poll_s: Seconds = 0.25
    send_linger_ms: Annotated[
        int, Field(ge=0, le=1000, description="waits for more notices to share a transaction")
    ] = 40
    provider_timeout_s: Annotated[float, Field(gt=0, le=60)] = 10

    claim_s: Annotated[
        float, Field(ge=30, description="a claim without an outcome is unclear after this")
    ] = 120
    wechat_resend_s: Annotated[
        float, Field(gt=0, description="an unclear WeChat message is repeated this long")
    ] = 450
    retries_max: Annotated[int, Field(ge=0, le=100, description="per channel")] = 10
    backoff_s_min: Seconds = 5
    backoff_s_max: Seconds = 3600
    misconfigured_wait_s: Seconds = 300
    notice_life_s: Seconds = 72 * 3600
    receipt_life_s: Seconds = 30 * 86_400
    receipt_wait_s: Annotated[
        float, Field(gt=0, description="a message without a receipt ends after this")
    ] = 72 * 3600
    blocked_s: Annotated[
        float, Field(gt=0, description="a phone on a carrier's blacklist is left alone so long")
    ] = 30 * 86_400
    digest_s: Annotated[
        float, Field(gt=0, description="what waits for staff is collected so long")
    ] = 1800
    digest_poll_s: Seconds = 5

    quiet_hours: Annotated[
        str,
        Field(
            pattern=r"^((?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d)?$",
            description="China time; only what is urgent or an answer goes then; empty: never",
        ),
    ] = "21:00-08:00"
    quiet_spread_s: Annotated[
        float, Field(ge=0, le=7200, description="what waited overnight goes within this")
    ] = 1800
    urgent_purposes: Annotated[
        frozenset[str], Field(description="notices that are sent by day and night")
    ] = URGENT_PURPOSES
    bundle_s: Annotated[
        float,
        Field(ge=0, le=3600, description="small notices to one person are collected; 0: never"),
    ] = 180
    person_day_max: Annotated[
        int, Field(ge=1, description="messages to one person and day; more wait for the morning")
    ] = 6

    @field_validator("urgent_purposes")
    @classmethod
    def _check_purposes(cls, value: frozenset[str]) -> frozenset[str]:
        unknown = value - set(BY_NAME)
        if unknown:
            raise ValueError(f"no such purpose: {', '.join(sorted(unknown))}")
        return value

    @field_validator("claim_s")
    @classmethod
    def _check_outlasts_a_send(cls, value: float, info: ValidationInfo) -> float:
        minimum = 4 * info.data.get("provider_timeout_s", 10) + 10
        if value < minimum:
            raise ValueError(f"at least {minimum:g}: a send may take four provider timeouts")
        return value

    @field_validator("wechat_resend_s")
    @classmethod
    def _check_repeats_are_dropped(cls, value: float, info: ValidationInfo) -> float:
        limit = WECHAT_DROPS_REPEATS_S - info.data.get("claim_s", 120)
        if value >= limit:
            raise ValueError(f"below {limit:g}: a claim that begins then must end within 600 s")
        return value

    @field_validator("sms_shares")
    @classmethod
    def _check_is_whole(cls, value: Mapping[SmsProvider, int]) -> Mapping[SmsProvider, int]:
        if sum(value.values()) != 100:
            raise ValueError("the shares of tencent and aliyun make 100 together")
        return value

    @property
    def sms_providers(self) -> tuple[SmsProvider, ...]:
        """Those with an account; the simulators are accounts only while no provider is real."""
        endpoints = {"tencent": self.tencent_endpoint, "aliyun": self.aliyun_endpoint}
        are_simulated = not any(endpoints.values())
        return tuple(name for name in self.sms_shares if are_simulated or endpoints[name])

    @property
    def sms_targets(self) -> tuple[int, ...]:
        """Of the providers with an account; together a hundred."""
        shares = [self.sms_shares[name] for name in self.sms_providers]
        if len(shares) == 1 or not sum(shares):
            return (100, *(0 for _ in shares[1:]))
        return tuple(shares)

    @property
    def rules(self) -> Rules:
        return Rules(**{name: getattr(self, name) for name in Rules.__dataclass_fields__})
