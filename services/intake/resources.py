"""What intake's routes use besides the runtime: vault, rules, WeChat's secrets."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends

from services.intake.channels.wechat_crypto import WeChatCrypto
from services.intake.judgement.learning import Shelf
from services.intake.media.wechat import WeChatMediaClient
from services.intake.reporting.recent import RecentCounts
from services.intake.rules import Rules
from services.intake.settings import IntakeSettings
from services.intake.sign_in.organisation import SignInProvider
from services.intake.sign_in.proofs import Proofs
from services.intake.vault.sealing import Vault
from shared.partner_ids import PartnerIds
from shared.runtime import Runtime
from shared.sheets.gate import SheetGate
from shared.web.access import provide_runtime
from shared.web.admission import Quota

PICTURES_AT_A_TIME = 2
"""Each holds the processor and some 200 MB while it is drawn anew."""


@dataclass(frozen=True, slots=True)
class IntakeResources:
    """wechat_crypto: None without an EncodingAESKey. parties_quota: how fast they are looked up.

    organisation: its own sign-in, if any. own_quota: how fast codes are tried on one page.
    picture_gate: how many pictures are drawn at a time. sheet_gate: through which sheets are read.
    """

    vault: Vault = field(repr=False)
    rules: Rules
    wechat_token: str = field(repr=False)
    wechat_crypto: WeChatCrypto | None = field(repr=False)
    media: WeChatMediaClient = field(repr=False)
    partner_ids: PartnerIds = field(repr=False)
    parties_quota: Quota = field(repr=False)
    proofs: Proofs = field(repr=False)
    ask_quota: Quota = field(repr=False)
    own_quota: Quota = field(repr=False)
    sign_in_quota: Quota = field(repr=False)
    recent_counts: RecentCounts = field(repr=False)
    organisation: SignInProvider | None = field(repr=False)
    shelf: Shelf = field(default_factory=Shelf, repr=False)
    picture_gate: asyncio.Semaphore = field(
        repr=False, default_factory=lambda: asyncio.Semaphore(PICTURES_AT_A_TIME)
    )
    sheet_gate: SheetGate = field(repr=False, default_factory=SheetGate)


IntakeRuntime = Runtime[IntakeSettings, IntakeResources]
IntakeRuntimeDep = Annotated[IntakeRuntime, Depends(provide_runtime)]
