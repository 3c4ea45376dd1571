"""The report as one HTML page that needs nothing else: facts and pictures in Chinese and English."""

import json
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader
from scipy import stats

from gridmart.simulator.report import measures as m
from gridmart.simulator.report import svg
from gridmart.simulator.report.facts import Fact, daily_use
from gridmart.simulator.report.loader import CLASSES, Delivered
from gridmart.simulator.report.real import Series
from gridmart.simulator.report.svg import Line

TEMPLATE = Path(__file__).with_name("report.html.j2")
NAMES = {
    "residential": "居民 residential", "commercial": "一般工商业 commercial",
    "large_industrial": "大工业 large industrial", "agricultural": "农业 agricultural",
}  # fmt: skip
OURS = "模拟系统 simulated system"
RUSCK_LIMITS = (0.1, 0.4)
VELANDER = (0.00033, 0.05)  # k1, k2 of households for kW and kWh a year, common in the Nordic countries (u)


def figures(utility: Delivered, series: list[Series]) -> list[str]:
    """The pictures, as SVG markup."""
    real = [(s, f"real{k + 1}") for k, s in enumerate(series)]
    hours = np.arange(24)
    workday, holiday = utility.is_workday, utility.is_holiday
    weekend = ~workday & ~holiday
    by_class = {name: m.mean_load(utility.of(name)) for name in CLASSES if len(utility.of(name))}
    made = []
    for title, days, of_real in (
        ("工作日负荷曲线 Shape of a workday", workday, lambda s: s.is_workday),
        ("周末负荷曲线 Shape of a weekend day", weekend, lambda s: ~s.is_workday & ~s.is_holiday),
    ):
        if not days.any():
            continue
        lines = [Line(NAMES[name], hours, m.profile(load, days), f"class{k + 1}")
                 for k, (name, load) in enumerate(by_class.items())]  # fmt: skip
        lines.append(Line(OURS, hours, m.profile(utility.system, days), "ours"))
        lines += [Line(s.name, hours, m.profile(s.load, of_real(s)), style) for s, style in real]
        made.append(svg.chart(title, lines, "时刻 hour", "÷ 平均 mean", x_ticks=range(0, 24, 3), y_from=0))
    lines = [Line(OURS, np.arange(168), m.week(utility.system, utility.first.weekday(), ~holiday), "ours")]
    lines += [
        Line(s.name, np.arange(168), m.week(s.load, s.first.weekday(), ~s.is_holiday), style) for s, style in real
    ]
    made.append(svg.chart("一周负荷曲线 Shape of a week", lines, "周一起小时 hour from Monday", "÷ 平均 mean",
                          x_ticks=range(0, 169, 24)))  # fmt: skip
    made.append(_duration(utility, real))
    made.append(_coincidence(utility))
    made.append(_temperature(utility, by_class, real))
    made.append(_households(utility))
    lags = [*range(1, 25), *range(26, 200, 2)]
    lines = [Line(OURS, lags, m.autocorrelation(utility.system, lags), "ours")]
    homes = utility.of("residential")[:50]
    if len(homes):
        single = np.array([m.autocorrelation(load, lags) for load in homes])
        lines.append(Line("单户（中位数）one household (median)", lags, np.nanmedian(single, axis=0), "class1"))
    lines += [Line(s.name, lags, m.autocorrelation(s.load, lags), style) for s, style in real]
    made.append(svg.chart("自相关 Autocorrelation", lines, "滞后 lag, h", "r", x_ticks=range(0, 200, 24)))
    share = 100 * utility.missing / np.maximum(utility.due, 1)
    made.append(svg.chart("每日缺数率 Missing readings by day", [Line(OURS, np.arange(len(share)), share, "ours")],
                          "日 day", "%", y_from=0))  # fmt: skip
    return made


def _duration(utility: Delivered, real: list[tuple[Series, str]]) -> str:
    share = np.linspace(0, 100, 201)

    def curve(load: np.ndarray) -> np.ndarray:
        known = load[~np.isnan(load)]
        return np.percentile(known, 100 - share) / known.max() if len(known) else np.full(len(share), np.nan)

    lines = [Line(OURS, share, curve(utility.system), "ours")]
    lines += [Line(s.name, share, curve(s.load), style) for s, style in real]
    return svg.chart("负荷持续曲线 Load duration", lines, "时间占比 share of hours, %", "÷ 最大 peak", y_from=0)


def _coincidence(utility: Delivered) -> str:
    homes = m.complete(utility.of("residential"))
    title = "居民同时率 Coincidence factor of households"
    if len(homes) < 2:
        return svg.chart(title, [], "", "")
    sizes, factor, _ = m.coincidence(homes)
    n = np.geomspace(1, max(sizes), 60)
    yearly = float(daily_use(homes).mean() * 365)
    lines = [Line("模拟居民户 simulated households", sizes, factor, "ours")]
    lines += [Line(f"Rusck, 极限 limit {limit}", n, m.rusck(n, limit), f"published{k + 1}")
              for k, limit in enumerate(RUSCK_LIMITS)]  # fmt: skip
    lines.append(Line(f"Velander, {yearly:,.0f} kWh/a (u)", n, m.velander(n, yearly, *VELANDER), "published3"))
    ticks = [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000) if t <= max(sizes)]
    return svg.chart(title, lines, "户数 households", "同时率 factor", is_log_x=True, x_ticks=ticks, y_from=0)


def _temperature(utility: Delivered, by_class: dict[str, np.ndarray], real: list[tuple[Series, str]]) -> str:
    work, air = utility.is_workday, utility.temperature
    lines = [Line(OURS, *m.by_temperature(utility.system, air, work), "ours")]
    if "residential" in by_class:
        lines.append(Line(NAMES["residential"], *m.by_temperature(by_class["residential"], air, work), "class1"))
    lines += [Line(s.name, *m.by_temperature(s.load, s.temperature, s.is_workday), style) for s, style in real]
    return svg.chart(
        "工作日电量与气温 Energy of workdays by temperature", lines, "日平均气温 mean of the day, °C", "÷ 平均 mean"
    )


def _households(utility: Delivered) -> str:
    use = daily_use(m.complete(utility.of("residential")))
    title = "居民户日均用电分布 Households by daily use"
    if len(use) < 30:
        return svg.chart(title, [], "", "")
    mean, deviation, *_ = m.log_normal(use)
    edges = np.geomspace(use.min(), use.max() * 1.0001, 26)
    count, _ = np.histogram(use, edges)
    middle = np.sqrt(edges[1:] * edges[:-1])
    fitted = np.diff(stats.norm.cdf((np.log(edges) - mean) / deviation)) * 100
    lines = [
        Line("模拟 simulated", middle, count / len(use) * 100, "bars", is_bars=True),
        Line(f"对数正态 log-normal, σ = {deviation:.2f}", middle, fitted, "published1"),
    ]
    return svg.chart(title, lines, "kWh / 日 day", "户 households, %", is_log_x=True, y_from=0,
                     x_ticks=(1, 2, 5, 10, 20, 50, 100))  # fmt: skip


def render(utility: Delivered, series: list[Series], found: list[Fact], data: Path | None, folder: Path) -> str:
    """The page as HTML; `data` is the folder of real series, None where there is none."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["position"] = svg.position
    return environment.get_template(TEMPLATE.name).render(
        utility=utility, days=len(utility.system), facts=found, series=series, data=data, folder=folder,
        figures=figures(utility, series), classes=utility.accounts["category"].value_counts().to_dict(), names=NAMES,
    )  # fmt: skip


def summary(utility: Delivered, series: list[Series], found: list[Fact], page: Path) -> str:
    """One line of JSON: the facts and their verdicts."""
    verdicts = [fact.verdict for fact in found]
    return json.dumps(
        {
            "report": str(page),
            "accounts": len(utility.accounts),
            "accounts_in_all": utility.accounts_in_all,
            "days": len(utility.system),
            "real_series": [s.name for s in series],
            "inside": verdicts.count("inside"),
            "outside": verdicts.count("outside"),
            "unknown": verdicts.count("unknown"),
            "facts": [
                {"code": f.code, "value": None if f.value is None else round(f.value, 4), "low": f.low, "high": f.high,
                 "unit": f.unit, "verdict": f.verdict, "is_verified": f.is_read}
                for f in found
            ],
        },
        ensure_ascii=False,
    )  # fmt: skip
