"""`guanjia`: every command, each imported when it is called."""

from typing import ClassVar

import typer

from deploy.commands.data_dir import add_data_dir
from shared.lazy_commands import Lazy, LazyGroup


class Imports(LazyGroup):
    finish = staticmethod(add_data_dir)
    COMMANDS: ClassVar[dict[str, Lazy]] = {
        "requests": Lazy("导入诉求 Requests.", ("services.intake.cli",), command="requests"),
        "offers": Lazy("导入爱心资源 Offers.", ("services.matching.cli",), command="offers"),
        "donations": Lazy(
            "导入银行流水 Donations.", ("deploy.commands.donations",), "import_donations"
        ),
        "works": Lazy(
            "导入日常工作 Regular work.", ("services.intake.works_cli",), command="works"
        ),
        "hotline": Lazy(
            "导入12345工单 Tickets.", ("services.intake.hotline_cli",), command="hotline"
        ),
        "template": Lazy(
            "空白模板 A sheet to fill in.", ("deploy.commands.template",), command="template"
        ),
    }


imports = typer.Typer(cls=Imports, no_args_is_help=True)


@imports.callback()
def _imports() -> None:
    """导入表格 Import spreadsheets."""


class Guanjia(LazyGroup):
    finish = staticmethod(add_data_dir)
    COMMANDS: ClassVar[dict[str, Lazy]] = {
        "up": Lazy("启动整套系统 Start the whole stack.", ("deploy.commands.up",), "run_stack"),
        "demo": Lazy("演示“暖‘留’”行动 Play the campaign.", ("deploy.demo.cli",), "play_demo"),
        "chaos": Lazy("制造故障 Load and faults.", ("deploy.chaos.cli",), "play_chaos"),
        "status": Lazy(
            "运行状况 Health of the running stack.", ("deploy.commands.status",), "print_status"
        ),
        "doctor": Lazy(
            "检查运行中的系统 Check the system.", ("deploy.doctor.cli",), "print_findings"
        ),
        "backup": Lazy("备份 Back up everything.", ("deploy.backup.cli",), "write_backup"),
        "restore": Lazy("恢复备份 Restore a backup.", ("deploy.backup.cli",), "restore"),
        "run": Lazy("运行一个服务 Run one service.", ("deploy.commands.run",), "run"),
        "config": Lazy(
            "生效的设置 Settings in force.", ("deploy.commands.config",), "print_config"
        ),
        "install": Lazy("安装准备 Prepare an installation.", ("deploy.installation.cli",)),
        "keys": Lazy("凭证 Credentials.", ("deploy.commands.keys",)),
        "accounts": Lazy("登录账号 Accounts: invite.", ("deploy.commands.accounts",)),
        "links": Lazy("链接 Signed links: revoke.", ("deploy.commands.links",)),
        "words": Lazy("电话代办 A donor's acts by phone.", ("deploy.commands.words",)),
        "topics": Lazy("消息主题 Table of topics.", ("deploy.commands.topics",), "print_topics"),
        "dead-letters": Lazy("死信 Dead letters.", ("deploy.commands.dead_letters",)),
        "outbox": Lazy("待发事件 Outbox.", ("deploy.commands.outbox",)),
        "import": Lazy("导入表格 Import spreadsheets.", ("deploy.cli",), "imports"),
        "persons": Lazy("服务对象 Persons: find, correct, erase.", ("services.intake.people_cli",)),
        "inbox": Lazy("群众来信 Messages: list, show, handle.", ("services.intake.inbox_cli",)),
        "intake": Lazy("受理 Requests: learn, overdue.", ("services.intake.office_cli",)),
        "catalogue": Lazy("物品目录 Catalogue of items.", ("deploy.commands.catalogue",)),
        "approvals": Lazy("审批权限表 Who approves what.", ("deploy.commands.approvals",)),
        "policies": Lazy("救助政策表 Policies by class.", ("deploy.commands.policies",)),
        "notices": Lazy("通知 Notices: list, resolve.", ("services.notify.cli",)),
        "staff": Lazy("待办提醒 Staff duties.", ("services.notify.staff_cli",)),
        "matching": Lazy("对接 Matching: solve, explain.", ("services.matching.cli.matching",)),
        "audit": Lazy("账本 The ledger: verify, prove, report.", ("services.audit.cli",)),
    }


# Rich tracebacks may show locals, and in a log they are no lines.
app = typer.Typer(
    cls=Guanjia, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def _guanjia() -> None:
    """莞家：让每一份需要找到帮助，让每一分善款有账可查。

    Carries people's needs to those who can help, and accounts for every fen.
    """


if __name__ == "__main__":
    app()
