"""The words people use for kinds, classes, categories and measures."""

from shared.contracts.values import LABELS, BeneficiaryClass, Category, Kind

KIND_WORDS: dict[str, str] = {
    LABELS[Kind.WISH]: Kind.WISH,
    "微心愿": Kind.WISH,
    "心愿": Kind.WISH,
    LABELS[Kind.PROJECT]: Kind.PROJECT,
    "微实事": Kind.PROJECT,
    "实事": Kind.PROJECT,
}

CLASS_WORDS: dict[str, str] = {
    **{LABELS[c]: c for c in BeneficiaryClass},
    "特困人员": BeneficiaryClass.EXTREME_POVERTY,
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

CATEGORY_WORDS: dict[str, str] = {LABELS[c]: c for c in Category}

# Hints: they count only where no label was written, and only when all point the same way.
_HINTS: dict[str, Category] = {
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
    "修房": Category.HOUSING_REPAIR,
    "电线": Category.HOUSING_REPAIR,
    "棉被": Category.SUPPLIES,
    "大米": Category.SUPPLIES,
    "食用油": Category.SUPPLIES,
    "衣服": Category.SUPPLIES,
    "毛毯": Category.SUPPLIES,
    "奶粉": Category.SUPPLIES,
    "路灯": Category.PUBLIC_WORKS,
    "修路": Category.PUBLIC_WORKS,
    "找工作": Category.EMPLOYMENT,
    "托管": Category.AFTER_SCHOOL,
}

MEASURES: frozenset[str] = frozenset(
    {
        *("公斤", "千克", "小时"),
        *"床件套袋包箱桶瓶个台张双条盏份斤辆把本次罐盒只",
    }
)

NUMERALS: dict[str, int] = {
    numeral: number
    for number, numeral in enumerate(
        ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"], 1
    )
} | {"两": 2}

SURNAMES: tuple[str, ...] = tuple(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏"
    "吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺毛段郝顾龚邵万"
    "覃武钱戴严莫孔向常汤温欧"
)


def find_keyword_categories(text: str) -> set[str]:
    return {category for word, category in _HINTS.items() if word in text}
