"""The catalogue of VEE rules and estimation methods: bits, names, thresholds, sources.

Thresholds are data: `THRESHOLDS` has one row a customer class, and travels into the engine as columns
of the point register. A changed threshold or rule changes `VERSION`, so that dates are validated again.
"""

from dataclasses import asdict, dataclass
from enum import IntEnum, IntFlag

VERSION = 2
CONTEXT_DAYS = 28  # four weeks: each kind of day occurs, the season has not changed yet


class Rule(IntFlag):
    """Bits of `rule_bits`; a bit never changes its meaning once it is in a lake."""

    MISSING = 1 << 0
    DUPLICATE = 1 << 1
    NEGATIVE = 1 << 2
    SPIKE = 1 << 3
    HIGH_LOW = 1 << 4
    REGISTER_SUM = 1 << 5
    # reserved for the rest of the catalogue
    CAPACITY_LIMIT = 1 << 6
    FLATLINE = 1 << 7
    ZERO_RUN = 1 << 8
    REGISTER_DECREASE = 1 << 9
    MULTIPLIER_MISMATCH = 1 << 10
    REVERSE_ENERGY = 1 << 11
    CLOCK_DRIFT = 1 << 12
    FUTURE = 1 << 13
    STALE = 1 << 14
    INTERVAL_MISMATCH = 1 << 15
    UNIT_MISMATCH = 1 << 16
    UNKNOWN_POINT = 1 << 17
    INACTIVE_POINT = 1 << 18
    PHASE_LOSS = 1 << 19
    VOLTAGE_RANGE = 1 << 20


class Method(IntEnum):
    """Codes of `method_code`: AEMO's where one exists, 9x for our own."""

    LIKE_DAY = 14
    AVERAGE_LIKE_DAY = 15
    LINEAR = 17
    ZERO = 19
    REGISTER_SCALED = 90
    CLASS_PROFILE = 91


@dataclass(frozen=True)
class RuleInfo:
    """What a rule is called, what it does with a value, and where it comes from."""

    rule: Rule
    name_zh: str
    name_en: str
    finds: str
    replaces: bool
    source: str


CATALOGUE = (
    RuleInfo(Rule.MISSING, "缺数", "missing", "an interval that is due and not there", True, "GLOSSARY"),
    RuleInfo(
        Rule.DUPLICATE, "重复", "duplicate", "same point, channel, interval and version, other value", False, "GLOSSARY"
    ),
    RuleInfo(Rule.NEGATIVE, "负值", "negative", "energy below zero on an import channel", True, "GLOSSARY"),
    RuleInfo(
        Rule.SPIKE,
        "突变",
        "spike",
        "(highest - third highest) / third highest of the day above a ratio, above a floor",
        True,
        "California DASMMD spike check",
    ),
    RuleInfo(
        Rule.HIGH_LOW,
        "异常高低",
        "high_low",
        "day outside median ± k·MAD of like days",
        False,
        "Iglewicz and Hoaglin 1993",
    ),
    RuleInfo(
        Rule.REGISTER_SUM,
        "表码不符",
        "register_sum",
        "sum of intervals against register advance × multiplier",
        False,
        "California DASMMD sum check; DL/T 698 frozen registers",
    ),
)


@dataclass(frozen=True)
class Thresholds:
    """Limits of one customer class. Set November 2026 with the demo utility; a utility changes them here."""

    class_code: str
    spike_ratio: float  # 1; 1.8 = 180 %, DASMMD
    spike_floor_kw: float  # mean power of the interval below which nothing is a spike
    spike_capacity_share: float  # 1; the floor is at least this share of the contract (or rated) capacity
    high_low_k: float  # MADs either side of the median
    high_low_floor_share: float  # 1; the MAD counts as at least this share of the median
    high_low_floor_kwh: float  # and as at least this energy a day
    register_share: float  # 1; tolerance of register_sum, 0.5 %
    register_unit: float  # one unit of the index, times the multiplier is added to the tolerance


THRESHOLDS = (
    Thresholds("residential", 1.8, 3.0, 0.8, 8.0, 0.10, 2.0, 0.005, 0.01),
    Thresholds("commercial", 1.8, 10.0, 0.8, 8.0, 0.08, 10.0, 0.005, 0.01),
    Thresholds("large_industrial", 1.8, 50.0, 0.8, 8.0, 0.08, 100.0, 0.005, 0.01),
    Thresholds("agricultural", 1.8, 10.0, 1.0, 10.0, 0.20, 10.0, 0.005, 0.01),
    Thresholds("transformer_boundary", 1.8, 50.0, 0.8, 8.0, 0.08, 50.0, 0.005, 0.01),
    Thresholds("feeder_boundary", 1.8, 200.0, 0.8, 8.0, 0.08, 200.0, 0.005, 0.01),
    Thresholds("other", 1.8, 10.0, 0.8, 10.0, 0.10, 10.0, 0.005, 0.01),
)


def threshold_columns() -> dict[str, dict[str, float]]:
    """Thresholds by class: {class_code: {column: value}}."""
    rows = {}
    for row in THRESHOLDS:
        values = asdict(row)
        rows[values.pop("class_code")] = values
    return rows


# channels whose values are energy: they are validated and estimated; others pass through unchanged
ENERGY_CHANNELS = ("import_kwh", "export_kwh", "import_kvarh", "export_kvarh")
IMPORT_CHANNELS = ("import_kwh", "import_kvarh")
SPIKE_CHANNELS = ("import_kwh", "export_kwh")

HIGH_LOW_MIN_DAYS = 4  # like days needed before a median says anything
LINEAR_MAX_MINUTES = 120  # GLOSSARY: gap up to 2 hours
# a register advance that would need intervals above this many times the highest seen is not believed
REGISTER_PLAUSIBLE_FACTOR = 3.0
