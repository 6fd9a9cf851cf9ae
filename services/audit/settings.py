"""What audit adds to the settings: the name of its log, and how often it is published."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from services.audit.ledger.accounts import load_chart
from services.audit.reports.disclosure.duties import MAJOR_FEN
from services.audit.rules import Rules
from services.audit.tlog.witnesses import Witness
from shared.settings import Settings

# An origin's last part is its year, so no foundation may look like one.
FoundationId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
FoundationName = Annotated[str, Field(min_length=1, max_length=200)]


def _check_witness(text: str) -> str:
    Witness.parse(text)
    return text


class AuditSettings(Settings):
    """log_origin: the C2SP origin of our own foundation's logs without the ledger year:
    2026's is `<log_origin>/2026`, and `<log_origin>/<foundation>/2026` that of another."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8004
    log_origin: Annotated[
        str,
        Field(
            pattern=r"^[^\s+/](?:[^\s+]{0,150}[^\s+/])?$",
            description="an address without scheme, no space, no plus, no slash at the ends",
        ),
    ] = "guanjia.local/log"
    foundations: Annotated[
        dict[FoundationId, FoundationName],
        Field(
            min_length=1,
            description="a JSON object: name by id, Chinese before English, each with its own logs",
        ),
    ] = {"guanjia": "莞家慈善基金会 Guanjia foundation"}  # noqa: RUF012 - pydantic copies it
    default_foundation: Annotated[
        str, Field(description="whose logs are at `log_origin` itself")
    ] = "guanjia"
    log_keys_dir: Annotated[
        Path,
        Field(
            default_factory=lambda values: values["secrets_dir"],
            description="with the signing keys of the logs, which audit makes; empty: the secrets "
            "folder",
        ),
    ]
    chart_file: Annotated[
        Path | None, Field(description="a chart of accounts (TOML) in place of the standard one")
    ] = None
    mandates_required: Annotated[
        bool, Field(description="no money is committed that names no mandate")
    ] = True
    major_transaction_fen: Annotated[
        int,
        Field(
            gt=0,
            description="from which sum a transaction is disclosed as major: as the charter of the "
            "foundation says",
        ),
    ] = MAJOR_FEN
    mandate_consent_fen_max: Annotated[
        int,
        Field(ge=0, description="a mandate on more of a donor's gifts needs his own word"),
    ] = 1_000_000
    mandate_proposals_max: Annotated[
        int, Field(ge=1, le=1000, description="mandates of one partner that wait for an answer")
    ] = 50
    waiting_gift_days: Annotated[
        int,
        Field(
            ge=1,
            le=365,
            description="a gift whose fund two people did not decide on in so many days stands on "
            "the public log as not entered; it is entered once they do",
        ),
    ] = 30
    payment_sources: Annotated[
        tuple[Annotated[str, Field(pattern=r"^/[\w./-]{1,100}$")], ...],
        Field(
            description="which sources may state payments, returned payments, refunds and fees: a "
            "JSON list of their names, such as `/bank/icbc`; empty: every bank's"
        ),
    ] = ()
    publish_entries_max: Annotated[
        int, Field(ge=1, le=50_000, description="entries per checkpoint")
    ] = 5000
    publish_interval_ms: Annotated[
        int, Field(ge=0, le=60_000, description="least time between two checkpoints")
    ] = 100
    witnesses: Annotated[
        tuple[Annotated[str, AfterValidator(_check_witness)], ...],
        Field(description="who cosigns checkpoints: a JSON list of `URL vkey`"),
    ] = ()
    witness_quorum: Annotated[
        int, Field(ge=0, description="no checkpoint stands that fewer witnesses cosigned")
    ] = 0

    @field_validator("default_foundation")
    @classmethod
    def _check_default_foundation(cls, default: str, info: ValidationInfo) -> str:
        if default not in info.data.get("foundations", {}):
            raise ValueError("not among the foundations")
        return default

    @field_validator("chart_file")
    @classmethod
    def _check_chart(cls, file: Path | None) -> Path | None:
        try:
            load_chart(file)
        except OSError as error:
            raise ValueError(str(error)) from None
        return file

    help_phone: Annotated[
        str, Field(pattern=r"^[0-9+-]{3,20}$", description="whom pages say to call")
    ] = "12345"

    @field_validator("witness_quorum")
    @classmethod
    def _check_quorum(cls, quorum: int, info: ValidationInfo) -> int:
        if quorum > len(info.data.get("witnesses", ())):
            raise ValueError("larger than the number of witnesses")
        return quorum

    def format_origin(self, foundation: str, year: int) -> str:
        place = "" if foundation == self.default_foundation else f"/{foundation}"
        return f"{self.log_origin}{place}/{year}"

    def build_rules(self) -> Rules:
        return Rules(
            load_chart(self.chart_file),
            self.foundations,
            self.default_foundation,
            self.mandates_required,
            self.mandate_consent_fen_max,
            self.mandate_proposals_max,
            self.payment_sources,
            self.waiting_gift_days,
        )
