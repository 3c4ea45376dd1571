"""Names that sound real and are nobody's: places, streets, people, companies, numbers.

Phones begin with 100, which no mobile network has; a person's identity number has month 13; a company's credit code
has the letter O, which the standard (GB 32100-2015) leaves out.
"""

from collections.abc import Sequence

import numpy as np

# (Chinese, pinyin): the first of a place's name, and its second
_FIRST = (
    ("云", "yun"), ("清", "qing"), ("长", "chang"), ("安", "an"), ("文", "wen"), ("武", "wu"), ("平", "ping"),
    ("永", "yong"), ("龙", "long"), ("凤", "feng"), ("石", "shi"), ("金", "jin"), ("白", "bai"), ("南", "nan"),
    ("北", "bei"), ("新", "xin"), ("古", "gu"), ("高", "gao"), ("临", "lin"), ("东", "dong"),
)  # fmt: skip
_SECOND = (
    ("岭", "ling"), ("河", "he"), ("宁", "ning"), ("泉", "quan"), ("城", "cheng"), ("庄", "zhuang"), ("塔", "ta"),
    ("桥", "qiao"), ("坪", "ping"), ("川", "chuan"), ("堡", "bao"), ("镇", "zhen"),
)  # fmt: skip
COMPANY = ("1400", "晋源供电公司", "Jinyuan power supply company")
_DISTRICTS = (("汾阳区公司", "Fenyang district"), ("云岭县公司", "Yunling district"))
_STATIONS = (("城东", "Chengdong"), ("河西", "Hexi"), ("云岭", "Yunling"))

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国春梅志红文斌婷宇浩欣佳子涵雨轩思琪俊峰"
STREETS = (
    "迎泽街", "汾河路", "府东街", "学府路", "长风街", "和平路", "并州路", "柳巷", "新建路", "解放路",
    "胜利街", "滨河路", "桃园路", "南内环街", "坞城路", "平阳路", "建设路", "文源巷", "体育路", "千峰路",
)  # fmt: skip
_WORDS = (
    "恒泰", "华兴", "瑞丰", "晋阳", "宏达", "天成", "中恒", "鑫源", "德信", "永盛",
    "金诚", "合力", "三晋", "同方", "嘉禾", "泰和", "福源", "顺达", "百川", "远景",
)  # fmt: skip
_TRADES = {
    "shop": ("超市", "便利店", "烟酒店", "药房", "饭庄", "面馆", "服装店", "五金店", "理发店", "火锅店"),
    "office": ("商务有限公司", "咨询有限公司", "软件有限公司", "设计有限公司", "会计师事务所", "律师事务所"),
    "school": ("小学", "中学", "实验学校", "职业中学", "幼儿园"),
    "hospital": ("医院", "中医院", "卫生院", "妇幼保健院"),
    "industry_24h": ("化工有限公司", "玻璃有限公司", "水泥有限公司", "铸造有限公司", "冷链有限公司"),
    "industry_two_shift": ("机械有限公司", "纺织有限公司", "家具有限公司", "食品有限公司", "汽配有限公司"),
    "irrigation": ("灌溉站", "农业合作社", "水利服务站", "种植合作社"),
}


def _place(k: int) -> tuple[str, str]:
    """The k-th place, (Chinese, English): 240 different ones."""
    (a, x), (b, y) = _FIRST[(k + k // len(_SECOND)) % len(_FIRST)], _SECOND[k % len(_SECOND)]
    return a + b, f"{x}{y}".capitalize()


def places(count: int, but: Sequence[str] = ()) -> list[tuple[str, str]]:
    """`count` different places, (Chinese, English), none of `but`; beyond 240 they are numbered."""
    made: list[tuple[str, str]] = []
    size, k = len(_FIRST) * len(_SECOND), 0
    while len(made) < count:
        zh, en = _place(k % size)
        if zh not in but:
            made.append((zh, en) if k < size else (f"{zh}{k // size + 1}", f"{en} {k // size + 1}"))
        k += 1
    return made


def districts(count: int) -> list[tuple[str, str]]:
    """Names of districts, (Chinese, English)."""
    more = places(max(count - len(_DISTRICTS), 0), ("云岭",))
    return [*_DISTRICTS, *((f"{zh}县公司", f"{en} district") for zh, en in more)][:count]


def stations(count: int) -> list[tuple[str, str]]:
    """Places of supply stations, (Chinese, English)."""
    more = places(max(count - len(_STATIONS), 0), [zh for zh, _ in _STATIONS])
    return [*_STATIONS, *more][:count]


def people(rng: np.random.Generator, count: int) -> list[str]:
    """Names of people: a surname, one or two given characters."""
    family = rng.integers(len(SURNAMES), size=count).tolist()
    given = rng.integers(len(GIVEN), size=(2, count)).tolist()
    single = (rng.random(count) < 0.2).tolist()
    return [
        SURNAMES[f] + GIVEN[a] + ("" if short else GIVEN[b])
        for f, a, b, short in zip(family, *given, single, strict=True)
    ]


def companies(rng: np.random.Generator, archetypes: Sequence[str], of_places: Sequence[str]) -> list[str]:
    """Names of customers that are no households, by archetype and the place that they are in."""
    count = len(archetypes)
    words = rng.integers(len(_WORDS), size=count).tolist()
    trades = rng.integers(1 << 20, size=count).tolist()
    surnames = rng.integers(len(SURNAMES), size=count).tolist()
    made = []
    for kind, place, w, t, s in zip(archetypes, of_places, words, trades, surnames, strict=True):
        trade = _TRADES[kind][t % len(_TRADES[kind])]
        number = "一二三四五六七八九"[w % 9]
        if kind == "shop":
            made.append(f"{SURNAMES[s]}记{trade}" if t & 64 else f"{_WORDS[w]}{trade}")
        elif kind == "school":
            made.append(f"{place}第{number}{trade}")
        elif kind == "irrigation":
            made.append(f"{place}{SURNAMES[s]}家村{trade}")
        elif kind == "hospital":
            made.append(f"{place}{'' if t & 64 else '第' + number}{trade}")
        else:
            made.append(f"{place}{_WORDS[w]}{trade}")
    return made


def phones(rng: np.random.Generator, count: int) -> list[str]:
    """Eleven digits that begin with 100."""
    return [f"100{k}" for k in rng.integers(10**7, 10**8, count).tolist()]


def identities(rng: np.random.Generator, is_person: np.ndarray) -> list[str]:
    """Identity numbers of people (born in month 13), credit codes of companies (with the letter O)."""
    count = len(is_person)
    year, day = rng.integers(1950, 2004, count).tolist(), rng.integers(10, 29, count).tolist()
    tail = rng.integers(1000, 10_000, count).tolist()
    return [
        f"140100{y}13{d}{t}" if person else f"91140100MAO{d}{y % 100:02d}{t % 1000:03d}"
        for person, y, d, t in zip(is_person.tolist(), year, day, tail, strict=True)
    ]


def addresses(rng: np.random.Generator, is_home: np.ndarray, of_districts: Sequence[str]) -> list[str]:
    """Street and number in a district; homes have a building and a flat."""
    count = len(is_home)
    street = rng.integers(len(STREETS), size=count).tolist()
    house, building = rng.integers(1, 300, count).tolist(), rng.integers(1, 30, count).tolist()
    storey, door = rng.integers(1, 25, count).tolist(), rng.integers(1, 5, count).tolist()
    return [
        f"{district}{STREETS[s]}{h}号{b}-{f}{d:02d}" if home else f"{district}{STREETS[s]}{h}号"
        for home, district, s, h, b, f, d in zip(
            is_home.tolist(), of_districts, street, house, building, storey, door, strict=True
        )
    ]
