"""The catalogue of VEE rules and estimation methods: bits, names, thresholds, sources.

Thresholds are data: `THRESHOLDS` has one row a customer class, and travels into the engine as columns
of the point register. A changed threshold or rule changes `VERSION`, so that dates are validated again.
"""

from dataclasses import asdict, dataclass
from enum import IntEnum, IntFlag

VERSION = 7
CONTEXT_DAYS = 28  # four weeks: each kind of day occurs, the season has not changed yet


class Rule(IntFlag):
    """Bits of `rule_bits`; a bit never changes its meaning once it is in a lake."""

    MISSING = 1 << 0
    DUPLICATE = 1 << 1
    NEGATIVE = 1 << 2
    SPIKE = 1 << 3
    HIGH_LOW = 1 << 4
    REGISTER_SUM = 1 << 5
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
    # what explains a falling index, beside REGISTER_DECREASE for the one that nothing explains
    ROLLOVER = 1 << 21
    METER_SWAP = 1 << 22
    EDIT_MISMATCH = 1 << 23


class On(IntEnum):
    """Where a rule shows."""

    INTERVAL = 1  # on the intervals that it means
    DAY = 2  # on every interval of the point-day
    POINT_DAY = 3  # on the point-day alone: it says nothing against its values
    QUARANTINE = 4  # on the refused record: it has no interval to stand on


class Method(IntEnum):
    """Codes of `method_code`: AEMO's where one exists, 9x for our own."""

    LIKE_DAY = 14
    AVERAGE_LIKE_DAY = 15
    LINEAR = 17
    ZERO = 19
    REGISTER_SCALED = 90
    CLASS_PROFILE = 91


QUALITY_CODES = ("A", "E", "M")  # actual; estimated: method_code says how; edited by hand: ami.edit says by whom


@dataclass(frozen=True)
class RuleInfo:
    """What a rule is called, where it shows, whether the value is replaced, and where it comes from."""

    rule: Rule
    name_zh: str
    finds: str
    on: On
    replaces: bool
    source: str

    @property
    def name_en(self) -> str:
        """The name in code."""
        return (self.rule.name or "").lower()


DASMMD = "California Direct Access Standards for Metering and Meter Data"
OURS = "GLOSSARY.md"

CATALOGUE = (
    RuleInfo(Rule.MISSING, "缺数", "an interval that is due and not there", On.INTERVAL, True, DASMMD),
    RuleInfo(
        Rule.DUPLICATE, "重复", "same point, channel, interval and version, other value", On.INTERVAL, False, OURS
    ),
    RuleInfo(Rule.NEGATIVE, "负值", "energy below zero on an import channel", On.INTERVAL, True, OURS),
    RuleInfo(
        Rule.SPIKE,
        "突变",
        "(highest - third highest) / third highest of the day above a ratio, above a floor",
        On.INTERVAL,
        True,
        DASMMD,
    ),
    RuleInfo(
        Rule.HIGH_LOW,
        "异常高低",
        "ln(day / median of like days) outside ± k·MAD",
        On.DAY,
        False,
        "Iglewicz and Hoaglin 1993",
    ),
    RuleInfo(
        Rule.REGISTER_SUM, "表码不符", "sum of intervals against register advance × multiplier", On.DAY, False, DASMMD
    ),
    RuleInfo(
        Rule.CAPACITY_LIMIT,
        "超容",
        "mean power of an interval above the contract capacity and a margin",
        On.INTERVAL,
        False,
        OURS,
    ),
    RuleInfo(
        Rule.FLATLINE,
        "数据不变",
        "the same value other than zero for 24 intervals and six hours",
        On.INTERVAL,
        False,
        OURS,
    ),
    RuleInfo(Rule.ZERO_RUN, "连续零值", "zero for a week while the contract is active", On.DAY, False, OURS),
    RuleInfo(
        Rule.REGISTER_DECREASE,
        "示数倒走",
        "the index falls, and neither rollover nor meter swap explains it",
        On.DAY,
        False,
        OURS,
    ),
    RuleInfo(
        Rule.MULTIPLIER_MISMATCH,
        "倍率不符",
        "the day's level is off by the CT ratio, the PT ratio or both, or the register tells another CT ratio",
        On.DAY,
        False,
        OURS,
    ),
    RuleInfo(Rule.REVERSE_ENERGY, "反向电量", "export where no generation is registered", On.INTERVAL, False, OURS),
    RuleInfo(
        Rule.CLOCK_DRIFT,
        "时钟偏差",
        "a reading starts off the grid of the day, or the head-end reports that the clock is off",
        On.DAY,
        False,
        OURS,
    ),
    RuleInfo(Rule.FUTURE, "超前", "a date after the day of arrival", On.QUARANTINE, True, OURS),
    RuleInfo(Rule.STALE, "过期", "a date more than five years before arrival", On.QUARANTINE, True, OURS),
    RuleInfo(
        Rule.INTERVAL_MISMATCH, "时段长度不符", "interval length other than the point declares", On.DAY, False, OURS
    ),
    RuleInfo(
        Rule.UNIT_MISMATCH, "单位不符", "the day's level is off by a thousand (Wh, kWh, MWh)", On.DAY, False, OURS
    ),
    RuleInfo(Rule.UNKNOWN_POINT, "未知计量点", "a point that is not registered", On.QUARANTINE, True, OURS),
    RuleInfo(
        Rule.INACTIVE_POINT,
        "非运行计量点",
        "readings of a point without a meter or an open account",
        On.DAY,
        False,
        OURS,
    ),
    RuleInfo(
        Rule.PHASE_LOSS,
        "失压断相",
        "voltage missing or far below nominal, or no current while energy flows",
        On.INTERVAL,
        False,
        "Q/GDW 1354-2013: voltage loss below 78 % of nominal",
    ),
    RuleInfo(
        Rule.VOLTAGE_RANGE, "电压越限", "voltage outside the limits of supply", On.INTERVAL, False, "GB/T 12325-2008"
    ),
    RuleInfo(Rule.ROLLOVER, "示数翻转", "the index went through its last digit", On.POINT_DAY, False, OURS),
    RuleInfo(Rule.METER_SWAP, "换表", "a meter was installed or removed", On.POINT_DAY, False, OURS),
    RuleInfo(
        Rule.EDIT_MISMATCH,
        "修改不符",
        "a manual edit of a value that is not there (any more)",
        On.INTERVAL,
        False,
        OURS,
    ),
)


def bits(on: On) -> int:
    """The bits of all rules that show in one place."""
    return sum(int(info.rule) for info in CATALOGUE if info.on == on)


@dataclass(frozen=True)
class Thresholds:
    """Limits of one customer class. Set November 2026 with the demo utility; a utility changes them here."""

    class_code: str
    spike_ratio: float  # 1; 1.8 = 180 %, DASMMD
    spike_floor_kw: float  # mean power of the interval below which nothing is a spike
    spike_capacity_share: float  # 1; the floor is at least this share of the contract (or rated) capacity
    high_low_k: float  # MADs either side of the median
    high_low_floor: float  # ln; the MAD counts as at least this: 8 × 0.2 is five times as much, or a fifth
    high_low_least_kwh: float  # a day that is nearer to the median is not off
    register_share: float  # 1; tolerance of register_sum, 0.5 %
    register_unit: float  # one unit of the index, times the multiplier is added to the tolerance
    capacity_share: float  # 1; of the contract (or rated) capacity, above which an interval is over it
    flat_floor_kw: float  # mean power below which meters of coarse resolution repeat values by themselves
    zero_run_days: float  # days of nothing but zeros; fields are not watered for weeks


THRESHOLDS = (
    Thresholds("residential", 1.8, 3.0, 0.8, 8.0, 0.20, 2.0, 0.005, 0.01, 1.2, 0.5, 7),
    Thresholds("commercial", 1.8, 10.0, 0.8, 5.0, 0.15, 10.0, 0.005, 0.01, 1.2, 1.0, 7),
    Thresholds("large_industrial", 1.8, 50.0, 0.8, 8.0, 0.10, 100.0, 0.005, 0.01, 1.2, 5.0, 7),
    Thresholds("agricultural", 1.8, 10.0, 1.0, 10.0, 0.30, 10.0, 0.005, 0.01, 1.2, 1.0, 28),
    Thresholds("transformer_boundary", 1.8, 50.0, 0.8, 8.0, 0.10, 50.0, 0.005, 0.01, 1.2, 1.0, 7),
    Thresholds("feeder_boundary", 1.8, 200.0, 0.8, 8.0, 0.10, 200.0, 0.005, 0.01, 1.2, 5.0, 7),
    Thresholds("other", 1.8, 10.0, 0.8, 10.0, 0.10, 10.0, 0.005, 0.01, 1.2, 1.0, 7),
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

HIGH_LOW_MIN_DAYS = 6  # like days needed before a median says anything
HIGH_LOW_NEW_DAYS = 7  # what a like day longer ago than this was too is not off: some charge a car, some are away
LEAST_KWH = 0.001  # a day without any energy counts as this: there is no ln(0)
FLAT_INTERVALS = 24
FLAT_MINUTES = 360  # finer feeds repeat themselves for shorter times by nature
FLAT_DAY_MINUTES = 1380  # a whole day, also when the clocks go forward,
FLAT_DAY_SHARE = 0.2  # of the floor is enough for a value that stands still so long
# a level is off by a factor when its ratio is within this share of the factor
STEP_TOLERANCE = 0.08
STEP_SMALLEST = 3.0  # factors below it are within what customers do by themselves
UNIT_FACTOR = 1000.0
UNIT_SPREAD = 2.0  # a day may be this many times its like days, or one such part; nothing but units is near 1000
# sum over register advance when the CT ratio held is twice, one and a half times, two thirds or half the true one
RATIO_MISTAKES = (0.5, 2 / 3, 1.5, 2.0)
RATIO_UNITS = 50  # register units that a day must advance for its ratio to be exact
# V: secondary, low voltage by phase and line, medium and high voltage; the nearest one is nominal
NOMINAL_VOLTAGES = (57.7, 100.0, 220.0, 380.0, 6_000.0, 10_000.0, 20_000.0, 35_000.0, 110_000.0)
VOLTAGE_LOW, VOLTAGE_HIGH = 0.90, 1.07  # GB/T 12325-2008: 220 V +7 % -10 %; up to 20 kV ±7 % (the wider side taken)
VOLTAGE_LOSS = 0.78
SPAN_CHANNELS = ("import_kwh", "export_kwh")  # energy that is due whatever was delivered before
SPAN_DAYS = 8  # between two indexes, at most: a week's gap that begins and ends within a day
# °C: what a day of age counts as beside a difference of mean temperature: habits and seasons move on
LIKE_AGE_C = 0.2
LIKE_UNKNOWN_C = 30.0  # a like day without weather comes after all others
LIKE_DAYS = 3  # whose mean is an average like day; docs/vee.md: one day is rougher, five begin to be of another season
LINEAR_MAX_MINUTES = 120  # GLOSSARY: gap up to 2 hours
# a register advance that would need intervals above this many times the highest seen is not believed
REGISTER_PLAUSIBLE_FACTOR = 3.0
CLASS_PEERS = (
    500  # complete points whose mean is the profile of a class: its error is under a twentieth of their spread
)
