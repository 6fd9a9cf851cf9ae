"""What intake adds to the settings: its limits and WeChat's callback secrets."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from services.intake.approvals.limits import ApprovalTable, load_approvals
from services.intake.clocks.rules import ClockRules
from services.intake.model.emergency import EmergencyRules
from services.intake.regular.rules import WorkRules
from services.intake.rules import Rules, SignInRules
from services.intake.sign_in.rights import load_rights
from shared.errors import Invalid
from shared.policies import Policies, load_policies
from shared.settings import ProviderUrl, Settings, is_loopback

Limit = Annotated[int, Field(ge=0, le=2**53 - 1)]
Days = Annotated[int, Field(ge=1, le=366)]


def _check_policies(file: Path | None) -> Path | None:
    """Raises ValueError: a service does not start with a wrong table."""
    try:
        load_policies(file)
    except Invalid as error:
        raise ValueError("; ".join(problem.en for problem in error.problems)) from None
    return file


def _check_approvals(file: Path | None) -> Path | None:
    """Raises ValueError, as `_check_policies`."""
    try:
        load_approvals(file)
    except Invalid as error:
        raise ValueError("; ".join(problem.en for problem in error.problems)) from None
    return file


def _check_rights(file: Path | None) -> Path | None:
    """Raises ValueError, as `_check_policies`."""
    try:
        load_rights(file)
    except Invalid as error:
        raise ValueError("; ".join(problem.en for problem in error.problems)) from None
    return file


class IntakeSettings(Settings):
    """Limits are inclusive. Money in fen, goods and hours in their own unit."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8001
    small_wish_limit_fen: Annotated[Limit, Field(description="opens without approval")] = 50_000
    village_limit_fen: Annotated[Limit, Field(description="a village may approve")] = 200_000
    town_limit_fen: Annotated[Limit, Field(description="a town may approve")] = 2_000_000
    request_limit_fen: Annotated[
        Limit, Field(description="the city may approve; above it the joint meeting does")
    ] = 100_000_000
    small_wish_limit_quantity: Limit = 10
    village_limit_quantity: Limit = 100
    town_limit_quantity: Limit = 1_000
    request_limit_quantity: Limit = 1_000_000
    opening_days: Annotated[
        int, Field(ge=1, le=366, description="what opens by itself is counted over so many days")
    ] = 30
    person_openings_max: Annotated[Limit, Field(description="requests of one person")] = 3
    person_opening_limit_fen: Limit = 100_000
    household_openings_max: Annotated[Limit, Field(description="of one household number")] = 5
    household_opening_limit_fen: Limit = 200_000
    contact_openings_max: Annotated[Limit, Field(description="of one phone or account")] = 5
    contact_opening_limit_fen: Limit = 200_000
    channel_openings_max: Annotated[Limit, Field(description="of one source, in a day")] = 1_000
    channel_opening_limit_fen: Limit = 30_000_000
    standing_days: Annotated[
        int, Field(ge=1, le=36_500, description="a person seen, or a class checked, holds so long")
    ] = 365
    meeting_sources: Annotated[
        frozenset[str],
        Field(
            description="JSON list: sources whose staff meet whom they record, and check classes"
        ),
    ] = frozenset()
    register_sources: Annotated[
        frozenset[str],
        Field(description="JSON list: sources whose classes come from the register (民政)"),
    ] = frozenset()

    parties_per_call: Annotated[
        int, Field(ge=1, le=500, description="parties that one call registers at most")
    ] = 100
    parties_per_minute: Annotated[
        int,
        Field(
            ge=1, description="parties that a partner, channel or collector registers in a minute"
        ),
    ] = 600
    duplicate_days: Annotated[int, Field(ge=0, description="0: nothing is a duplicate")] = 30
    policies_file: Annotated[
        Path | None,
        AfterValidator(_check_policies),
        Field(description="statutory policies by class (.csv, .xlsx); empty: the one installed"),
    ] = None
    approvals_file: Annotated[
        Path | None,
        AfterValidator(_check_approvals),
        Field(description="who approves what (.csv, .xlsx); empty: the limits above alone"),
    ] = None
    statistics_s: Annotated[
        int, Field(ge=0, le=3_600, description="for so long figures are shown as they were counted")
    ] = 60
    meeting_quorum: Annotated[
        int, Field(ge=2, le=40, description="members who have to be there for a joint meeting")
    ] = 3
    approval_days: Annotated[
        Days, Field(description="working days for an approval; then it is overdue")
    ] = 5
    return_days: Annotated[Days, Field(description="working days to mend what was returned")] = 10
    meeting_days: Annotated[Days, Field(description="working days until the joint meeting")] = 20
    referral_days: Annotated[Days, Field(description="working days for a department's answer")] = 20
    donor_days: Annotated[Days, Field(description="working days until somebody gives")] = 20
    delivery_days: Annotated[
        Days, Field(description="working days from a promise to the delivery")
    ] = 10
    confirmation_days: Annotated[
        Days, Field(description="working days from the delivery to the person's word")
    ] = 5
    budget_days: Annotated[
        Days, Field(description="working days for work that the public budget pays")
    ] = 60
    case_days: Annotated[
        Days, Field(description="working days for a whole case; never begun anew")
    ] = 60
    urgent_tier: Annotated[
        int, Field(ge=-1, le=4, description="classes up to this tier are urgent; -1: none")
    ] = 0
    urgent_percent: Annotated[
        int, Field(ge=1, le=100, description="of each period, for the urgent")
    ] = 50
    reminder_days: Annotated[
        int, Field(ge=0, le=20, description="working days before the end, staff are reminded")
    ] = 1
    escalation_days: Annotated[
        Days, Field(description="working days between overdue and each level above")
    ] = 2
    pause_days_max: Annotated[
        int, Field(ge=0, le=366, description="working days that a case is paused at most")
    ] = 30
    patrol_days: Annotated[
        Days, Field(description="from one patrol of a registered place to the next")
    ] = 30
    contact_days: Annotated[Days, Field(description="from one call on a veteran to the next")] = 90
    finding_days: Annotated[
        Days, Field(description="working days to put right what a patrol found")
    ] = 15
    emergency_days_max: Annotated[
        Days, Field(description="calendar days that an emergency lasts at most")
    ] = 92
    emergency_lift: Annotated[
        int, Field(ge=1, le=4, description="tiers that needs rise by in an emergency")
    ] = 1
    emergency_by_towns: Annotated[
        bool, Field(description="a town may propose one for itself; the city confirms it always")
    ] = False
    emergency_level_drop: Annotated[
        int, Field(ge=0, le=2, description="levels by which an approval comes nearer meanwhile")
    ] = 1
    emergency_percent: Annotated[
        int, Field(ge=1, le=100, description="of each period, in an emergency")
    ] = 50
    sign_in_failures_max: Annotated[
        int, Field(ge=3, le=20, description="wrong tries in a row before a lock")
    ] = 5
    sign_in_lock_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    asks_per_minute: Annotated[
        int, Field(ge=1, description="requests on the public page from one address")
    ] = 10
    help_phone: Annotated[
        str, Field(pattern=r"^[0-9+-]{3,20}$", description="whom pages say to call")
    ] = "12345"
    answer_days: Annotated[
        int, Field(ge=1, le=60, description="working days within which an office calls who asked")
    ] = 5
    sign_ins_per_minute: Annotated[
        int, Field(ge=1, description="tries from one address; an office may share one")
    ] = 60
    session_hours: Annotated[int, Field(ge=1, le=72, description="then one signs in again")] = 12
    session_idle_minutes: Annotated[
        int, Field(ge=2, le=1440, description="a session that nobody uses ends")
    ] = 60
    password_days: Annotated[
        int, Field(ge=0, le=3650, description="0: passwords do not expire")
    ] = 365
    second_factor: Annotated[
        bool, Field(description="false: no one-time codes; on this machine alone, for trying")
    ] = True
    oidc_issuer: Annotated[
        str,
        Field(
            pattern=r"^(https?://[^\s?#]+)?$",
            description="the organisation's own sign-in (OpenID Connect), as its discovery "
            "document writes it; empty: none",
        ),
    ] = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_client_auth: Annotated[
        Literal["client_secret_basic", "client_secret_post"],
        Field(description="how the provider wants the secret; without one: none"),
    ] = "client_secret_basic"
    oidc_scope: Annotated[
        str, Field(pattern=r"^openid( \S+)*$", description="with what the table's claims need")
    ] = "openid profile"
    oidc_rights_file: Annotated[
        Path | None,
        AfterValidator(_check_rights),
        Field(description="claims, and the roles they allow (.csv, .xlsx); empty: the register's"),
    ] = None
    crisis_hotline: Annotated[
        str,
        Field(pattern=r"^[0-9]{3,6}$", description="told to who may be in danger (心理援助热线)"),
    ] = "12356"
    erasures_dir: Annotated[
        Path,
        Field(
            default_factory=lambda values: values["data_dir"] / "erasures",
            description="who was erased, by id; back it up apart from the database, and oftener",
        ),
    ]
    clamd: Annotated[
        str,
        Field(
            pattern=r"^(|unix:/\S+|[\w.-]+:\d{1,5})$",
            description="host:port or unix:/path of clamd; empty: files are not checked",
        ),
    ] = ""
    due_poll_ms: Annotated[int, Field(ge=10, description="how often deadlines are looked at")] = (
        1_000
    )
    wechat_token: Annotated[
        SecretStr, Field(description="as entered in WeChat's console; empty: derived from root key")
    ] = SecretStr("")
    wechat_appid: str = "wxsimulator0000000"
    wechat_endpoint: Annotated[
        ProviderUrl, Field(description="https://api.weixin.qq.com; empty: the simulators")
    ] = ""
    wechat_secret: Annotated[
        SecretStr, Field(description="as notify's: photos and voices are fetched with it")
    ] = SecretStr("")
    simulators_url: str = "http://127.0.0.1:8005"
    wechat_aes_key: Annotated[
        SecretStr, Field(description="EncodingAESKey, 43 characters; empty: no encrypted mode")
    ] = SecretStr("")
    wechat_plain_mode: Annotated[
        bool, Field(description="takes unencrypted pushes where there is no EncodingAESKey")
    ] = False

    @model_validator(mode="after")
    def _check_calls_fit(self) -> Self:
        """Else a whole call would wait for ever."""
        if self.parties_per_call > self.parties_per_minute:
            raise ValueError("parties_per_call is more than parties_per_minute lets in")
        return self

    @model_validator(mode="after")
    def _check_second_factor(self) -> Self:
        if not self.second_factor and not self.is_local:
            raise ValueError("second_factor is needed wherever others than this machine come in")
        return self

    @model_validator(mode="after")
    def _check_oidc(self) -> Self:
        """What crosses a network unsealed is read and written by who is there."""
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("oidc_issuer has no oidc_client_id")
        parts = urlsplit(self.oidc_issuer)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError("oidc_issuer is https wherever it is not on this machine")
        return self

    @property
    def sign_in_rules(self) -> SignInRules:
        names = SignInRules.__dataclass_fields__
        return SignInRules(**{name: getattr(self, name) for name in names})

    @property
    def clock(self) -> ClockRules:
        return ClockRules(
            periods={
                "recorded": self.approval_days,
                "returned": self.return_days,
                "meeting": self.meeting_days,
                "referred": self.referral_days,
                "open": self.donor_days,
                "committed": self.delivery_days,
                "delivered": self.confirmation_days,
                "budget": self.budget_days,
            },
            case_days=self.case_days,
            urgent_tier=self.urgent_tier,
            urgent_percent=self.urgent_percent,
            emergency_percent=self.emergency_percent,
            reminder_days=self.reminder_days,
            escalation_days=self.escalation_days,
            pause_days_max=self.pause_days_max,
        )

    @property
    def work(self) -> WorkRules:
        names = WorkRules.__dataclass_fields__
        return WorkRules(**{name: getattr(self, name) for name in names})

    @property
    def emergency(self) -> EmergencyRules:
        names = EmergencyRules.__dataclass_fields__
        return EmergencyRules(**{name: getattr(self, name) for name in names})

    @property
    def approvals(self) -> ApprovalTable:
        return load_approvals(self.approvals_file)

    @property
    def policies(self) -> Policies:
        return load_policies(self.policies_file)

    @property
    def rules(self) -> Rules:
        return Rules(**{name: getattr(self, name) for name in Rules.__dataclass_fields__})
