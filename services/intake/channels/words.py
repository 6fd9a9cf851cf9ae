"""The words people use for kinds, classes, categories and measures."""

import re
from collections.abc import Mapping
from functools import cache

from shared.catalogue import PACKAGED, Entry, load_catalogue
from shared.contracts.values import LABELS, BeneficiaryClass, Category, Kind

KIND_WORDS: dict[str, str] = {
    LABELS[Kind.WISH]: Kind.WISH,
    "微心愿": Kind.WISH,
    "心愿": Kind.WISH,
    LABELS[Kind.PROJECT]: Kind.PROJECT,
    "微实事": Kind.PROJECT,
    "实事": Kind.PROJECT,
}

# In a cell that says nothing else.
KIND_CELLS: dict[str, str] = {
    **KIND_WORDS,
    **dict.fromkeys(("个人", "个人心愿", "个人求助", "求助", "困难救助", "帮扶"), Kind.WISH),
    **dict.fromkeys(("项目", "民生项目", "公益项目", "公共", "公共服务", "民生工程"), Kind.PROJECT),
}

# Somewhere in the city is a place too: whoever works for the whole city finds out where.
SOMEWHERE_WORDS = (
    "全市",
    "说不清",
    "不清楚",
    "不知道",
    "不记得",
    "唔知",
    "唔清楚",
    "唔记得",
    "东莞",
)
CITY_WORDS = frozenset({"全市", "东莞市", "东莞"})
SOMEWHERE_CELLS = CITY_WORDS | {"市内", "市级", "不详", "不清楚", "未知", "镇街不详", "其他"}

CLASS_WORDS: dict[str, str] = {
    **{LABELS[c]: c for c in BeneficiaryClass},
    "特困人员": BeneficiaryClass.EXTREME_POVERTY,
    "特困供养": BeneficiaryClass.EXTREME_POVERTY,
    "五保户": BeneficiaryClass.EXTREME_POVERTY,
    "五保": BeneficiaryClass.EXTREME_POVERTY,
    "困难群众": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "困难家庭": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "高龄老人": BeneficiaryClass.ELDERLY_ALONE,
    "空巢老人": BeneficiaryClass.ELDERLY_ALONE,
    "留守儿童": BeneficiaryClass.CHILD,
    "残疾家庭": BeneficiaryClass.DISABLED,
    "低保户": BeneficiaryClass.SUBSISTENCE,
    "低保家庭": BeneficiaryClass.SUBSISTENCE,
    "最低生活保障": BeneficiaryClass.SUBSISTENCE,
    "低保边缘家庭": BeneficiaryClass.LOW_INCOME_EDGE,
    "低收入": BeneficiaryClass.LOW_INCOME_EDGE,
    "低收入家庭": BeneficiaryClass.LOW_INCOME_EDGE,
    "临时困难": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "异地务工": BeneficiaryClass.MIGRANT_WORKER,
    "异地务工人员": BeneficiaryClass.MIGRANT_WORKER,
    "外来务工": BeneficiaryClass.MIGRANT_WORKER,
    "独居": BeneficiaryClass.ELDERLY_ALONE,
    "残疾人": BeneficiaryClass.DISABLED,
    "孤儿": BeneficiaryClass.CHILD,
    "退役军人": BeneficiaryClass.VETERAN,
    "优抚": BeneficiaryClass.VETERAN,
    "群众": BeneficiaryClass.GENERAL,
}

# What people say of themselves that points to a class: a sign, and nobody's word on it.
CLASS_SIGNS: dict[str, BeneficiaryClass] = {
    **{word: BeneficiaryClass(code) for word, code in CLASS_WORDS.items() if word != "群众"},
    "无儿无女": BeneficiaryClass.EXTREME_POVERTY,
    "自己住": BeneficiaryClass.ELDERLY_ALONE,
    "一个人住": BeneficiaryClass.ELDERLY_ALONE,
    "没人陪": BeneficiaryClass.ELDERLY_ALONE,
    "儿女不": BeneficiaryClass.ELDERLY_ALONE,
    "瘫": BeneficiaryClass.DISABLED,
    "截肢": BeneficiaryClass.DISABLED,
    "假肢": BeneficiaryClass.DISABLED,
    "轮椅": BeneficiaryClass.DISABLED,
    "助听器": BeneficiaryClass.DISABLED,
    "看不见": BeneficiaryClass.DISABLED,
    "盲人": BeneficiaryClass.DISABLED,
    "聋": BeneficiaryClass.DISABLED,
    "自闭症": BeneficiaryClass.CHILD,
    "孤儿": BeneficiaryClass.CHILD,
    "留守": BeneficiaryClass.CHILD,
    "父母都": BeneficiaryClass.CHILD,
    "爸妈都": BeneficiaryClass.CHILD,
    "打孩子": BeneficiaryClass.CHILD,
    "打工": BeneficiaryClass.MIGRANT_WORKER,
    "外地来": BeneficiaryClass.MIGRANT_WORKER,
    "出租屋": BeneficiaryClass.MIGRANT_WORKER,
    "进厂": BeneficiaryClass.MIGRANT_WORKER,
    "随迁": BeneficiaryClass.MIGRANT_WORKER,
    "老乡": BeneficiaryClass.MIGRANT_WORKER,
    "路费": BeneficiaryClass.MIGRANT_WORKER,
    "车祸": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "失业": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "火烧": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "火灾": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "去世": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "癌": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "退役": BeneficiaryClass.VETERAN,
    "退伍": BeneficiaryClass.VETERAN,
    "老兵": BeneficiaryClass.VETERAN,
    "老战士": BeneficiaryClass.VETERAN,
    "复员": BeneficiaryClass.VETERAN,
}

CATEGORY_WORDS: dict[str, str] = {
    **{LABELS[c]: c for c in Category},
    "房屋修缮": Category.HOUSING_REPAIR,
    "房屋维修": Category.HOUSING_REPAIR,
    "危房改造": Category.HOUSING_REPAIR,
    "重大疾病补助": Category.MEDICAL,
}

# In a cell that says nothing else; in a sentence they are parts of other words.
CLASS_CELLS: dict[str, str] = {
    **CLASS_WORDS,
    "低保对象": BeneficiaryClass.SUBSISTENCE,
    "低保人员": BeneficiaryClass.SUBSISTENCE,
    "城乡低保": BeneficiaryClass.SUBSISTENCE,
    "城市低保": BeneficiaryClass.SUBSISTENCE,
    "农村低保": BeneficiaryClass.SUBSISTENCE,
    "最低生活保障对象": BeneficiaryClass.SUBSISTENCE,
    "特困对象": BeneficiaryClass.EXTREME_POVERTY,
    "特困供养人员": BeneficiaryClass.EXTREME_POVERTY,
    "低保边缘户": BeneficiaryClass.LOW_INCOME_EDGE,
    "低边户": BeneficiaryClass.LOW_INCOME_EDGE,
    "低边": BeneficiaryClass.LOW_INCOME_EDGE,
    "支出型困难": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "支出型困难家庭": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "临困": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "临时困难家庭": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "困难户": BeneficiaryClass.TEMPORARY_HARDSHIP,
    "困难异地务工": BeneficiaryClass.MIGRANT_WORKER,
    "外来工": BeneficiaryClass.MIGRANT_WORKER,
    "外来务工人员": BeneficiaryClass.MIGRANT_WORKER,
    "孤寡老人": BeneficiaryClass.ELDERLY_ALONE,
    "孤寡": BeneficiaryClass.ELDERLY_ALONE,
    "在册低保": BeneficiaryClass.SUBSISTENCE,
    "在保低保": BeneficiaryClass.SUBSISTENCE,
    "边缘户": BeneficiaryClass.LOW_INCOME_EDGE,
    "残疾(一级)": BeneficiaryClass.DISABLED,
    "残疾(二级)": BeneficiaryClass.DISABLED,
    "残疾(三级)": BeneficiaryClass.DISABLED,
    "残疾(四级)": BeneficiaryClass.DISABLED,
    "一般户": BeneficiaryClass.GENERAL,
    "独居长者": BeneficiaryClass.ELDERLY_ALONE,
    "空巢": BeneficiaryClass.ELDERLY_ALONE,
    "高龄": BeneficiaryClass.ELDERLY_ALONE,
    "重残": BeneficiaryClass.DISABLED,
    "重度残疾": BeneficiaryClass.DISABLED,
    "重度残疾人": BeneficiaryClass.DISABLED,
    "残疾人一级": BeneficiaryClass.DISABLED,
    "残疾人二级": BeneficiaryClass.DISABLED,
    "残障": BeneficiaryClass.DISABLED,
    "残障人士": BeneficiaryClass.DISABLED,
    "事实无人抚养": BeneficiaryClass.CHILD,
    "事实无人抚养儿童": BeneficiaryClass.CHILD,
    "退伍军人": BeneficiaryClass.VETERAN,
    "军烈属": BeneficiaryClass.VETERAN,
    "烈属": BeneficiaryClass.VETERAN,
    "军属": BeneficiaryClass.VETERAN,
    "普通": BeneficiaryClass.GENERAL,
    "普通群众": BeneficiaryClass.GENERAL,
    "普通居民": BeneficiaryClass.GENERAL,
    "一般": BeneficiaryClass.GENERAL,
    "居民": BeneficiaryClass.GENERAL,
    "无": BeneficiaryClass.GENERAL,
}

CATEGORY_CELLS: dict[str, str] = {
    **CATEGORY_WORDS,
    "物资": Category.SUPPLIES,
    "生活": Category.SUPPLIES,
    "生活用品": Category.SUPPLIES,
    "物资救助": Category.SUPPLIES,
    "医疗": Category.MEDICAL,
    "助医": Category.MEDICAL,
    "大病救助": Category.MEDICAL,
    "教育": Category.EDUCATION,
    "教育救助": Category.EDUCATION,
    "养老": Category.HOME_CARE,
    "居家养老": Category.HOME_CARE,
    "助老": Category.HOME_CARE,
    "助餐": Category.MEALS,
    "送餐": Category.MEALS,
    "残疾人服务": Category.DISABILITY,
    "儿童": Category.CHILDREN,
    "助学助困": Category.EDUCATION,
    "住房": Category.HOUSING_REPAIR,
    "修缮": Category.HOUSING_REPAIR,
    "心理": Category.COUNSELLING,
    "心理辅导": Category.COUNSELLING,
    "就业帮扶": Category.EMPLOYMENT,
    "公共设施": Category.PUBLIC_WORKS,
    "基础设施": Category.PUBLIC_WORKS,
    "其它": Category.OTHER,
    "物资类": Category.SUPPLIES,
    "生活类": Category.SUPPLIES,
    "实物": Category.SUPPLIES,
    "生活救助": Category.SUPPLIES,
    "日用品": Category.SUPPLIES,
    "大病": Category.MEDICAL,
    "医疗类": Category.MEDICAL,
    "学习用品": Category.EDUCATION,
    "教育类": Category.EDUCATION,
    "辅具": Category.DISABILITY,
    "康复": Category.DISABILITY,
    "家政": Category.HOME_CARE,
    "适老化": Category.HOME_ADAPTATION,
    "居家改造": Category.HOME_ADAPTATION,
    "工作": Category.EMPLOYMENT,
    "关爱儿童": Category.CHILDREN,
    "便民": Category.PUBLIC_WORKS,
    "道路": Category.PUBLIC_WORKS,
}

# Hints: they count only where no label was written, and only when all point the same way.
KEYWORD_CATEGORIES: dict[str, Category] = {
    "扶手": Category.HOME_ADAPTATION,
    "防滑": Category.HOME_ADAPTATION,
    "送餐": Category.MEALS,
    "午餐": Category.MEALS,
    "护理": Category.HOME_CARE,
    "保洁": Category.HOME_CARE,
    "住院": Category.MEDICAL,
    "医药": Category.MEDICAL,
    "药费": Category.MEDICAL,
    "手术": Category.MEDICAL,
    "看病": Category.MEDICAL,
    "学费": Category.EDUCATION,
    "书包": Category.EDUCATION,
    "文具": Category.EDUCATION,
    "上学": Category.EDUCATION,
    "轮椅": Category.DISABILITY,
    "助听器": Category.DISABILITY,
    "拐杖": Category.DISABILITY,
    "漏水": Category.HOUSING_REPAIR,
    "漏雨": Category.HOUSING_REPAIR,
    "修房": Category.HOUSING_REPAIR,
    "电线": Category.HOUSING_REPAIR,
    "棉被": Category.SUPPLIES,
    "大米": Category.SUPPLIES,
    "食用油": Category.SUPPLIES,
    "衣服": Category.SUPPLIES,
    "毛毯": Category.SUPPLIES,
    "奶粉": Category.SUPPLIES,
    "尿不湿": Category.SUPPLIES,
    "纸尿裤": Category.SUPPLIES,
    "路灯": Category.PUBLIC_WORKS,
    "修路": Category.PUBLIC_WORKS,
    "找工作": Category.EMPLOYMENT,
    "托管": Category.AFTER_SCHOOL,
}

MEASURES: frozenset[str] = frozenset(
    {
        *("公斤", "千克", "小时"),
        *"床件套袋包箱桶瓶个台张双条盏份斤辆把本次罐盒只副支对部顶提架樽枝根卷捆",
    }
)

NUMERALS: dict[str, int] = {
    numeral: number
    for number, numeral in enumerate(
        ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"], 1
    )
} | {"两": 2}

# What stands alone where no number is said: one of them.
UNITS_OF_THINGS: dict[str, str] = {
    "轮椅": "辆",
    "助听器": "个",
    "拐杖": "个",
    "书包": "个",
    "护理床": "张",
    "助行器": "个",
    "坐便椅": "个",
    "洗澡椅": "把",
}

SERVICES: frozenset[Category] = frozenset(
    {
        Category.HOME_ADAPTATION,
        Category.HOME_CARE,
        Category.HOUSING_REPAIR,
        Category.COUNSELLING,
        Category.EMPLOYMENT,
        Category.PUBLIC_WORKS,
        Category.AFTER_SCHOOL,
    }
)
"""Categories of help that is done, not counted: one occasion is what is asked for."""

_ASKING = (
    "求 需要 申请 想要 希望有 希望得到 希望能有 盼 缺 急需 帮忙 帮帮 资助 救助 "
    "补助 援助 心愿 没钱 交不起 买不起 困难 麻烦帮 能不能帮 可不可以帮 帮一下 帮下 帮我 "
    "想给 想领 想装 想找 找人聊 找人陪 想换 想借 想请 可以领 冇钱 没有钱 没米 冇米 没饭吃 冇饭食 "
    "没人照顾 冇人照顾 没人做饭 没人煮饭 冇人煮饭 撑不住 负担不 用完了 不够 还差"
)
REQUEST_WORDS: tuple[str, ...] = tuple(_ASKING.split())

_COMPLAINING = (
    "投诉 举报 曝光 建议 咨询 请问 怎么 如何 为什么 为何 何时 什么时候 是否 "
    "能不能解决 合法 违法 违规 违建 扰民 噪音 拖欠 开发商 物业 业主 诈骗 骗 "
    "乱收费 不作为 政策 规定 文件 说法 部门 领导 尊敬的 反映 维权 退款"
)
COMPLAINT_WORDS: tuple[str, ...] = tuple(_COMPLAINING.split())
"""Who writes so wants to be read, and not to be given a thing."""

_NAMELIKE = (
    "谢谢 高兴 高龄 高中 高考 万分 马上 于是 任何 白天 常年 余额 方便 温暖 "
    "安全 金额 石油 江湖 田地 顾问 向来 易拉 何时 何处 钱款 毛毯 程度 龙头 "
    "雷雨 黄色 白色 黑色 蓝色 陈旧 严重 严寒 戴口罩 武汉 万元 马路 林地 文件 "
    "方法 方式 方案 时间 时候 路面 路灯 水管 水电 平时 孔洞 贺年 段时间 崔促 "
    "史上 汤水 汪汪 任务 于今 周末 周围 周边 江边 曾经 许多 许久 章程 章节 "
    "姜片 葛根 熊孩子 孟夏 秦岭 付款 付费 邹城 金钱 田间 余下 邓老 梁柱 沈阳 "
    "凌晨 庄稼 霍乱 康复 毛巾 毛衣 向上 常见 常常 莫名"
)
NAMELIKE_WORDS: frozenset[str] = frozenset(_NAMELIKE.split())
"""What begins like a name and is none."""

SURNAMES: tuple[str, ...] = (
    *"王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏",
    *"吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺毛段郝顾龚邵万",
    *"覃武钱戴严莫孔向常汤温欧阮冼岑庞伍庄詹凌甄霍翁柯聂邢樊",
    *("司徒", "上官", "诸葛", "尉迟", "慕容", "皇甫"),
)


HINT_WORDS: frozenset[str] = frozenset(KEYWORD_CATEGORIES)
"""Things and needs that people name without saying of what category they are."""


NEED_SIGNS: dict[str, Category] = {
    "没米": Category.SUPPLIES,
    "冇米": Category.SUPPLIES,
    "没饭吃": Category.SUPPLIES,
    "冇饭食": Category.SUPPLIES,
    "没人做饭": Category.MEALS,
    "没人煮饭": Category.MEALS,
    "冇人煮饭": Category.MEALS,
    "没人照顾": Category.HOME_CARE,
    "冇人照顾": Category.HOME_CARE,
    "透析": Category.MEDICAL,
    "化疗": Category.MEDICAL,
    "伙食费": Category.EDUCATION,
    "找份工作": Category.EMPLOYMENT,
    "找工": Category.EMPLOYMENT,
    "护工": Category.HOME_CARE,
    "陪诊": Category.HOME_CARE,
    "家教": Category.EDUCATION,
    "康复训练": Category.DISABILITY,
    "井盖": Category.PUBLIC_WORKS,
    "聊聊": Category.COUNSELLING,
    "谈心": Category.COUNSELLING,
    **dict.fromkeys(("聊天", "陪聊", "解闷"), Category.COUNSELLING),
}
"""What people lack, as they say it. Of what somebody writes freely alone."""


@cache
def list_things() -> Mapping[str, Category | None]:
    """What the catalogue as it is shipped calls things, and their categories; a word of one
    character is a part of too many others."""
    words = load_catalogue(PACKAGED).list_words()
    return {word: entry.category for word, entry in words if len(word) > 1}


def find_thing(text: str) -> Entry | None:
    """What is called so in the catalogue as it is shipped."""
    return load_catalogue(PACKAGED).find(text)


def find_spoken_categories(text: str) -> set[Category]:
    """By things and by what is lacking; a longer word hides the shorter one in it."""
    return {_list_spoken()[word] for word in _compile_spoken().findall(text)}


@cache
def _list_spoken() -> Mapping[str, Category]:
    things = {word: category for word, category in list_things().items() if category}
    return {**things, **KEYWORD_CATEGORIES, **NEED_SIGNS}


@cache
def _compile_spoken() -> re.Pattern[str]:
    words = sorted(_list_spoken(), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words)))


def find_keyword_categories(text: str) -> set[str]:
    return {category for word, category in KEYWORD_CATEGORIES.items() if word in text}
