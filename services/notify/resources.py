"""The runtime of notify, with its own settings and resources."""

from services.notify.outbound import Outbound
from services.notify.settings import NotifySettings
from shared.runtime import Runtime

NotifyRuntime = Runtime[NotifySettings, Outbound]
