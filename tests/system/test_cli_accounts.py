"""notify, intake and the simulators agree on every account, whoever sets it."""

from pathlib import Path

import pytest

from deploy.local.credentials import issue_first
from deploy.simulators.environment import SimulatorsEnvironment, build_simulator_settings
from deploy.simulators.main import run_simulators
from services.intake import main as intake
from services.intake.settings import IntakeSettings
from services.notify import main as notify
from services.notify.channels import CHANNELS, Content
from services.notify.model import ProviderName
from services.notify.providers import Message
from services.notify.settings import NotifySettings
from services.notify.templates import TEMPLATES
from shared.contracts.events import NoticeChannel
from shared.http import Reply, open_http_client
from shared.security import Keyring, Role, create_root_key
from tests.support.wire import ScriptedWire

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
REQUEST = "R-0123456789abcdef0123"
OWN = {
    "GUANJIA_TENCENT_SECRET_ID": "AKIDOURS",
    "GUANJIA_TENCENT_SECRET_KEY": "our-key",
    "GUANJIA_TENCENT_APP_ID": "1400000001",
    "GUANJIA_SMS_SIGN_NAME": "茶山民政",
    "GUANJIA_SMS_TEMPLATE_IDS": '{"request_opened": "77"}',
    "GUANJIA_WECHAT_APPID": "wxours",
    "GUANJIA_WECHAT_SECRET": "our-secret",
    "GUANJIA_WECHAT_TOKEN": "our-token",
    "GUANJIA_WECHAT_AES_KEY": AES_KEY,
    "GUANJIA_WECHAT_TEMPLATE_IDS": '{"request_opened": "template-77"}',
}


@pytest.fixture(params=[{}, OWN], ids=["nothing set", "all set"])
def accounts(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, secrets_dir: Path
) -> Path:
    issue_first(secrets_dir)
    for name, value in request.param.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GUANJIA_SECRETS_DIR", str(secrets_dir))
    monkeypatch.setenv("GUANJIA_PORT", "0")
    monkeypatch.setenv("GUANJIA_INTAKE_URL", "")
    return secrets_dir


async def test_every_notice_passes_the_simulators_checks(accounts: Path) -> None:
    recipients: dict[ProviderName, tuple[NoticeChannel, str]] = {
        "tencent": ("sms", "+8613800138000"),
        "aliyun": ("sms", "+8613800138000"),
        "wechat": ("wechat", "o-abcdef"),
    }
    assert TEMPLATES
    async with (
        run_simulators(build_simulator_settings(SimulatorsEnvironment())) as url,
        open_http_client(trust_env=False) as http,
    ):
        sender = notify.build_resources(NotifySettings(simulators_url=url), Keyring(accounts), http)
        for name, template in TEMPLATES.items():
            content = Content(template, REQUEST, 20_000 if template.has("sum") else None)
            for provider, (channel, recipient) in recipients.items():
                parameters = CHANNELS[channel].format_parameters(content)
                message = Message(f"N-{provider}-{name}", recipient, name, parameters)
                outcome = await sender.providers[provider].send(message)
                assert outcome.kind == "sent", (name, provider, outcome)


def test_intake_takes_what_the_simulators_sign(accounts: Path) -> None:
    simulator = build_simulator_settings(SimulatorsEnvironment())
    keyring = Keyring(accounts)
    wire = ScriptedWire(lambda _url: Reply(200, {}, b"{}"))
    resources = intake.build_resources(IntakeSettings(), keyring, wire)
    assert resources.wechat_token == simulator.wechat_token
    assert (resources.wechat_crypto is not None) == bool(simulator.wechat_aes_key)
    assert IntakeSettings().wechat_appid == simulator.wechat_appid
    callback = keyring.authenticate(f"gj_callback-tencent_{simulator.callback_token}")
    assert callback.roles == {Role.CALLBACK}


def test_no_account_of_a_first_start_is_the_same_in_two_stacks(tmp_path: Path) -> None:
    secrets: list[set[str]] = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        create_root_key(folder)
        issue_first(folder)
        settings = build_simulator_settings(SimulatorsEnvironment(secrets_dir=folder))
        secrets.append(
            {
                settings.tencent_secret_key,
                settings.wechat_secret,
                settings.wechat_token,
                settings.callback_token,
            }
        )
    assert len(secrets[0] | secrets[1]) == 8
