"""The simulators' accounts from the environment, so that notify, intake and they agree.

They read the same variables as the two services; what is empty is derived from the root key, by
the same names as there.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from deploy.simulators.faults import Faults
from deploy.simulators.settings import SimulatorSettings
from services.notify.templates import TEMPLATES
from shared.security import Keyring
from shared.settings import Settings

TENCENT_CALLBACK, ALIYUN_CALLBACK = "callback-tencent", "callback-aliyun"
Seconds = Annotated[float, Field(ge=0, le=3600)]


class SimulatorsEnvironment(Settings):
    """Names without `simulators_` are notify's and intake's."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8005
    tencent_secret_id: str = "AKIDSIMULATOR"  # noqa: S105 - an account name
    tencent_secret_key: SecretStr = SecretStr("")
    tencent_app_id: str = "1400000000"
    sms_sign_name: Annotated[str, Field(min_length=2, max_length=12)] = "东莞民政"
    sms_template_ids: Annotated[Mapping[str, str], Field(default_factory=dict)]
    aliyun_key_id: str = "LTAISIMULATOR"
    aliyun_key_secret: SecretStr = SecretStr("")
    aliyun_template_ids: Annotated[Mapping[str, str], Field(default_factory=dict)]
    wechat_appid: str = "wxsimulator0000000"
    wechat_secret: SecretStr = SecretStr("")
    wechat_token: SecretStr = SecretStr("")
    wechat_aes_key: SecretStr = SecretStr("")
    wechat_template_ids: Annotated[Mapping[str, str], Field(default_factory=dict)]
    wechat_subscribe_ids: Annotated[Mapping[str, str], Field(default_factory=dict)]
    simulators_receipt_delay_s: Annotated[
        Seconds, Field(description="between a message and its receipt")
    ] = 0.0
    simulators_per_day_max: Annotated[
        int, Field(ge=0, description="SMS by Tencent to one number and day; 0: no limit")
    ] = 2
    simulators_aliyun_per_day_max: Annotated[
        int, Field(ge=0, description="SMS by Aliyun to one number and day; 0: no limit")
    ] = 10
    simulators_same_content_s: Annotated[
        Seconds, Field(description="the same SMS to one number is taken once in it; 0: no limit")
    ] = 30.0
    simulators_answer_delay_s: Annotated[Seconds, Field(description="how long a call takes")] = 0.0
    simulators_faults: Annotated[
        Faults,
        Field(default_factory=Faults, description='of a hundred calls, as {"throttle": 5}'),
    ]
    simulators_seed: Annotated[int, Field(description="what chance brings follows from it")] = 1


def build_simulator_settings(environment: SimulatorsEnvironment) -> SimulatorSettings:
    keyring = Keyring(environment.secrets_dir)

    reveal = keyring.reveal_provider_secret
    sms_ids, wechat_ids = environment.sms_template_ids, environment.wechat_template_ids
    codes = environment.aliyun_template_ids
    return SimulatorSettings(
        host=environment.host,
        port=environment.port,
        intake=environment.intake_url.rstrip("/"),
        callback_token=read_callback_token(environment.secrets_dir, TENCENT_CALLBACK),
        aliyun_callback_token=read_callback_token(environment.secrets_dir, ALIYUN_CALLBACK),
        aliyun_key_id=environment.aliyun_key_id,
        aliyun_key_secret=reveal(environment.aliyun_key_secret, "aliyun.key_secret"),
        aliyun_templates={codes.get(name, t.aliyun_id): t.sms for name, t in TEMPLATES.items()},
        tencent_secret_id=environment.tencent_secret_id,
        tencent_secret_key=reveal(environment.tencent_secret_key, "tencent.secret_key"),
        tencent_app_id=environment.tencent_app_id,
        tencent_sign_name=environment.sms_sign_name,
        sms_templates={sms_ids.get(name, t.sms_id): t.sms for name, t in TEMPLATES.items()},
        per_day_max=environment.simulators_per_day_max,
        aliyun_per_day_max=environment.simulators_aliyun_per_day_max,
        same_content_s=environment.simulators_same_content_s,
        answer_delay_s=environment.simulators_answer_delay_s,
        faults=environment.simulators_faults,
        seed=environment.simulators_seed,
        wechat_appid=environment.wechat_appid,
        wechat_secret=reveal(environment.wechat_secret, "wechat.secret"),
        wechat_token=reveal(environment.wechat_token, "wechat-callback"),
        wechat_aes_key=environment.wechat_aes_key.get_secret_value(),
        wechat_templates={
            wechat_ids.get(name, t.wechat_id): t.title for name, t in TEMPLATES.items()
        }
        | {id_: TEMPLATES[name].title for name, id_ in environment.wechat_subscribe_ids.items()},
        wechat_menu_url=f"{environment.find_public_url('notify')}/notify/subscribe",
        receipt_delay_s=environment.simulators_receipt_delay_s,
    )


def read_callback_token(secrets_dir: Path, credential_id: str) -> str:
    """As the provider's console holds it in the callback's URL: the secret part of the bearer."""
    bearer = (secrets_dir / f"{credential_id}.token").read_text().strip()
    return bearer.rpartition("_")[2]
