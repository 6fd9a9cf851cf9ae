"""What somebody who is signed in finds on his first page: a tile for each thing that he may do.

A tile leads to a page that exists: `tests/system/test_front.py` opens each as each of its roles.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.security import STAFF, Credential, Role

PARTNERS = frozenset({Role.DONOR_PARTNER})
CASE_WORKERS = frozenset(
    {Role.COLLECTOR, Role.APPROVER_VILLAGE, Role.APPROVER_TOWN, Role.APPROVER_CITY}
)
KEEPERS = frozenset({Role.OPERATOR, Role.AUDITOR})

ROLE_NAMES: Mapping[Role, tuple[str, str]] = {
    Role.COLLECTOR: ("收集人员", "Collector"),
    Role.APPROVER_VILLAGE: ("村（居）审批", "Village approver"),
    Role.APPROVER_TOWN: ("镇街审批", "Town approver"),
    Role.APPROVER_CITY: ("市级审批", "City approver"),
    Role.FINANCE_MAKER: ("财务经办", "Finance, proposes"),
    Role.FINANCE_CHECKER: ("财务复核", "Finance, approves"),
    Role.AUDITOR: ("审计", "Auditor"),
    Role.SUPPORT: ("客服", "Support"),
    Role.OPERATOR: ("系统管理", "Operator"),
    Role.DONOR_PARTNER: ("爱心资源伙伴", "Partner"),
    Role.CHANNEL: ("诉求渠道", "Channel"),
    Role.BANK: ("银行", "Bank"),
    Role.SERVICE: ("内部服务", "Our own service"),
    Role.CALLBACK: ("服务商回调", "Provider's callbacks"),
    Role.MONITOR: ("监控", "Monitoring"),
}


@dataclass(frozen=True, slots=True)
class Tile:
    """hint: one line on what one does there. roles: who sees it. whole_city: see `Allow`."""

    path: str
    zh: str
    en: str
    hint_zh: str
    hint_en: str
    roles: frozenset[Role]
    whole_city: bool = False

    def is_for(self, caller: Credential) -> bool:
        if self.whole_city and caller.area:
            return False
        return not caller.roles.isdisjoint(self.roles)


TILES: tuple[Tile, ...] = (
    Tile(
        "/desk",
        "工作台",
        "Desk",
        "待审批的诉求，按编号、姓名或手机号查找",
        "what waits for an approval; find by reference, name or phone",
        CASE_WORKERS,
    ),
    Tile(
        "/inbox",
        "来信",
        "Inbox",
        "系统没有看懂的短信和微信，等人来看",
        "messages that no rule understood",
        CASE_WORKERS,
    ),
    Tile(
        "/desk/erasures",
        "删除确认",
        "Erasures",
        "等第二人确认的个人信息删除",
        "persons whose data wait for a second one to approve erasing",
        frozenset({Role.APPROVER_CITY}),
        whole_city=True,
    ),
    Tile(
        "/notify/notices",
        "通知查询",
        "Notices",
        "一件诉求发了哪些通知、有没有送到；各运营商的送达率和费用",
        "what was sent about a case and whether it arrived; delivery rates and cost",
        CASE_WORKERS | KEEPERS,
    ),
    Tile(
        "/notify/calls",
        "电话告知",
        "Calls to make",
        "短信和微信送不到的人，打电话或当面告诉他",
        "whom no message reaches: call, or see him",
        CASE_WORKERS,
    ),
    Tile(
        "/meetings",
        "联席会议",
        "Joint meetings",
        "邀请您参加的会议、议程和纪要",
        "meetings you are invited to, agenda and minutes",
        STAFF,
    ),
    Tile(
        "/emergencies",
        "应急",
        "Emergencies",
        "民政纾困十条：哪里正在应急，提出、确认、结束，各条措施办了什么",
        "where measures are on, and what was done under each of the ten",
        STAFF,
    ),
    Tile(
        "/regular",
        "日常工作",
        "Regular work",
        "托管巡查、常态化联系、服务计划、驿站和社工，按到期日",
        "patrols, regular contact, service plans, stations: by the day they are due",
        CASE_WORKERS,
    ),
    Tile(
        "/desk/catalogue",
        "物品目录",
        "Catalogue",
        "物品怎么叫、按什么数、可用什么代替；目录没有的说法",
        "what items are called and counted in, what may be given instead, words it lacks",
        CASE_WORKERS | KEEPERS,
    ),
    Tile(
        "/desk/statistics",
        "统计",
        "Statistics",
        "项目库、各镇街和渠道的工作量、等待时间，可下载表格",
        "the project library, workload and waiting times; a workbook",
        STAFF,
    ),
    Tile(
        "/audit/finance",
        "财务",
        "Finance",
        "等第二个人同意的基金、授权、划转和冲正；各个基金还剩多少",
        "funds, mandates, transfers and reversals that wait; what each fund has left",
        frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.AUDITOR}),
        whole_city=True,
    ),
    Tile(
        "/operations",
        "运行",
        "Operations",
        "各系统是否正常、消息是否积压、死信、设置，一件诉求走到哪里",
        "health, flow, dead letters, settings, and one request's way",
        frozenset({Role.OPERATOR}),
        whole_city=True,
    ),
    Tile(
        "/notify/wordings",
        "通知内容",
        "What notices say",
        "短信和微信通知怎样写、多少钱一条，修改要另一人复核",
        "the words of SMS and WeChat notices, their price; two people change them",
        KEEPERS,
        whole_city=True,
    ),
    Tile(
        "/accounts",
        "账号",
        "Accounts",
        "谁能登录、什么角色和范围、最近一次登录",
        "who may sign in, as what and where, and when last",
        KEEPERS,
        whole_city=True,
    ),
    Tile(
        "/intake/actions",
        "操作记录",
        "What was done",
        "谁在什么时候办了什么",
        "who did what, and when",
        STAFF,
    ),
    Tile(
        "/matching/offers",
        "我的爱心资源",
        "What I offer",
        "登记的资源还剩多少、正在对接的、没有收下的记录",
        "what is left of each offer, what is under way, records that were not taken",
        PARTNERS,
    ),
    Tile(
        "/account",
        "我的账号",
        "My account",
        "更改密码，退出所有设备",
        "change the password, sign out everywhere",
        STAFF | PARTNERS,
    ),
)


# On the first page of the public, for everybody.
PUBLIC_TILES: tuple[Tile, ...] = (
    Tile(
        "/ask",
        "我要求助",
        "Ask for help",
        "用自己的话说困难，两步就好，不用账号",
        "in your own words, two steps, no account",
        frozenset(),
    ),
    Tile(
        "/mine",
        "我的求助",
        "My requests",
        "用求助时登记的手机，看办到哪一步",
        "how far they are, by the phone you gave",
        frozenset(),
    ),
    Tile(
        "/give",
        "我要帮忙",
        "Help somebody",
        "看看各镇街需要什么，怎样登记爱心资源",
        "what each town needs, and how to give",
        frozenset(),
    ),
    Tile(
        "/ledger",
        "善款去向",
        "Where the money went",
        "每个基金的收入、拨付和余额，每一笔都可自己核验",
        "each fund's income, payments and rest; verify every entry yourself",
        frozenset(),
    ),
    Tile(
        "/sign-in",
        "工作人员登录",
        "Staff sign-in",
        "村（居）、镇街、基金会与合作伙伴",
        "villages, towns, foundations and partners",
        frozenset(),
    ),
)


def list_tiles(caller: Credential) -> tuple[Tile, ...]:
    return tuple(tile for tile in TILES if tile.is_for(caller))


def list_roles(caller: Credential) -> tuple[tuple[str, str], ...]:
    """Chinese and English, in the order of the table."""
    return tuple(names for role, names in ROLE_NAMES.items() if role in caller.roles)
