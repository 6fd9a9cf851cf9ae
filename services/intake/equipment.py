"""What intake's routes have at hand besides the runtime: vault, rules, WeChat's secrets."""

from dataclasses import dataclass, field
from typing import cast

from services.intake.channels.wechat_crypto import WeChatCrypto
from services.intake.rules import Rules
from services.intake.vault.sealing import Vault
from shared.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Equipment:
    """wechat_crypto: None in plain mode."""

    vault: Vault = field(repr=False)
    rules: Rules
    wechat_token: str = field(repr=False)
    wechat_crypto: WeChatCrypto | None = field(repr=False)


def equipment_of(runtime: Runtime) -> Equipment:
    return cast(Equipment, runtime.extras)
