"""What a simulator has to know: the accounts it plays, and where intake listens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.simulators.faults import Faults
from shared.settings import PREFIX, WRONG, SettingsError, is_loopback


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """Refused with SettingsError beyond loopback: whoever reaches a simulator reads every message.

    intake: base URL for callbacks; empty means no callbacks.

    sms_templates: template id -> text with {1}, {2} …; empty accepts any template.
    wechat_templates: template id -> title; empty accepts any template.
    wechat_aes_key: EncodingAESKey of 43 characters; empty means plaintext mode.
    aliyun_templates: template code -> the same texts; its sign name is Tencent's.
    wechat_day_max: template messages of the account a day. wechat_menu_url: where the account's
    menu leads, 订阅通知.
    same_content_s, per_day_max, aliyun_per_day_max: what a provider lets one number have, by
    default as both do before somebody raises it in their console; 0 leaves a limit out.
    answer_delay_s: how long each call takes. faults: by chance, each recipient's own way from seed.
    """

    host: str = "127.0.0.1"
    port: int = 0
    intake: str = ""
    callback_token: str = field(default="", repr=False)

    tencent_secret_id: str = "AKIDSIMULATOR"  # noqa: S105 - an account name
    tencent_secret_key: str = field(default="", repr=False)
    tencent_app_id: str = "1400000000"
    tencent_sign_name: str = "东莞民政"
    sms_templates: Mapping[str, str] = field(default_factory=dict)
    same_content_s: float = 30
    per_day_max: int = 2

    aliyun_key_id: str = "LTAISIMULATOR"
    aliyun_key_secret: str = field(default="", repr=False)
    aliyun_callback_token: str = field(default="", repr=False)
    aliyun_templates: Mapping[str, str] = field(default_factory=dict)
    aliyun_per_day_max: int = 10

    wechat_appid: str = "wxsimulator0000000"
    wechat_account: str = "gh_simulator0000"
    wechat_secret: str = field(default="", repr=False)
    wechat_token: str = field(default="", repr=False)
    wechat_aes_key: str = field(default="", repr=False)
    wechat_templates: Mapping[str, str] = field(default_factory=dict)
    wechat_token_lifetime_s: int = 7200
    wechat_day_max: int = 100_000
    wechat_menu_url: str = ""

    answer_delay_s: float = 0
    faults: Faults = field(default_factory=Faults)
    seed: int = 1
    receipt_delay_s: float = 0
    late_receipt_s: float = 30
    hang_s: float = 30
    batch_window_s: float = 0.05
    push_keep_s: float = 600

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise SettingsError(
                f"{WRONG}: {PREFIX}HOST = {self.host!r}: 模拟器不验证来人，只能监听本机 · "
                f"the simulators let everybody in: they listen on loopback alone (127.0.0.1)"
            )
