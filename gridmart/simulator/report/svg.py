"""Small charts as SVG markup, without any script: lines, and values against their ranges."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 520, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 42


@dataclass(frozen=True)
class Line:
    """A series of a chart: `style` names a class of the page's style sheet (ours, real1…, published)."""

    name: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    style: str
    is_bars: bool = False


def _ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from `low` to `high`."""
    if high <= low:
        return [low]
    raw = (high - low) / about
    size = 10 ** np.floor(np.log10(raw))
    step = next(k * size for k in (1, 2, 2.5, 5, 10) if k * size >= raw)
    return [float(t) for t in np.arange(np.ceil(low / step) * step, high + step * 1e-9, step)]


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}" if abs(value) > 1e-12 else "0"


def chart(
    title: str,
    lines: Sequence[Line],
    x_label: str,
    y_label: str,
    *,
    is_log_x: bool = False,
    x_ticks: Sequence[float] | None = None,
    y_from: float | None = None,
) -> str:
    """A figure with its legend; values that are not finite are left out, and a figure without any says so."""
    cleaned = []
    for line in lines:
        x, y = np.asarray(line.x, float), np.asarray(line.y, float)
        good = np.isfinite(x) & np.isfinite(y) & (x > 0 if is_log_x else True)
        if good.any():
            cleaned.append(Line(line.name, x[good], y[good], line.style, line.is_bars))
    if not cleaned:
        return f"<figure><figcaption>{escape(title)}</figcaption><p class='soft'>无数据 no data</p></figure>"
    all_x, all_y = (np.concatenate([np.asarray(getattr(line, axis)) for line in cleaned]) for axis in "xy")
    low_x, high_x = float(all_x.min()), float(all_x.max())
    low_y = float(all_y.min()) if y_from is None else min(y_from, float(all_y.min()))
    high_y = float(all_y.max())
    high_y, high_x = (high if high > low else low + 1 for low, high in ((low_y, high_y), (low_x, high_x)))
    high_y += (high_y - low_y) * 0.04

    def at_x(x: np.ndarray) -> np.ndarray:
        ends = np.log10([low_x, high_x]) if is_log_x else np.array([low_x, high_x])
        share = ((np.log10(x) if is_log_x else x) - ends[0]) / (ends[1] - ends[0])
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def at_y(y: np.ndarray) -> np.ndarray:
        return HEIGHT - BOTTOM - (y - low_y) / (high_y - low_y) * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">']
    for tick in _ticks(low_y, high_y):
        level = float(at_y(np.array(tick)))
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{level:.1f}" y2="{level:.1f}"/>')
        out.append(f'<text class="tick" x="{LEFT - 6}" y="{level + 4:.1f}" text-anchor="end">{_number(tick)}</text>')
    shown = x_ticks if x_ticks is not None else _ticks(low_x, high_x, 7)
    for tick in (t for t in shown if low_x <= t <= high_x):
        at = f"{float(at_x(np.array(float(tick)))):.1f}"
        out.append(f'<line class="grid" x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        below = HEIGHT - BOTTOM + 15
        out.append(f'<text class="tick" x="{at}" y="{below}" text-anchor="middle">{_number(tick)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    out.append(f'<text class="axis" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>')
    out.append(
        f'<text class="axis" x="14" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2})">'
        f"{escape(y_label)}</text>"
    )
    for line in cleaned:
        xs, ys = at_x(np.asarray(line.x)), at_y(np.asarray(line.y))
        if line.is_bars:
            wide = (WIDTH - LEFT - RIGHT) / max(len(xs), 1) * 0.8
            base = HEIGHT - BOTTOM
            out += [
                f'<rect class="{line.style}" x="{x - wide / 2:.1f}" y="{y:.1f}" width="{wide:.1f}" '
                f'height="{max(base - y, 0):.1f}"/>'
                for x, y in zip(xs, ys, strict=True)
            ]
        else:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
            out.append(f'<polyline class="{line.style}" points="{path}"/>')
    out.append("</svg>")
    keys = "".join(f'<li><i class="{line.style}"></i>{escape(line.name)}</li>' for line in cleaned)
    return f"<figure><figcaption>{escape(title)}</figcaption>{''.join(out)}<ul class='legend'>{keys}</ul></figure>"


def position(value: float, low: float, high: float) -> str:
    """A value against its range: a band in the middle third, a mark where the value stands (at the edge if beyond)."""
    width = 150
    share = (value - low) / (high - low) if high > low else 0.5
    x = float(np.clip((1 + share) / 3, 0.02, 0.98)) * width
    verdict = "in" if 0 <= share <= 1 else "out"
    return (
        f'<svg class="position" viewBox="0 0 {width} 16" role="img" aria-label="{verdict}side">'
        f'<line class="grid" x1="0" x2="{width}" y1="8" y2="8"/>'
        f'<rect class="band" x="{width / 3:.0f}" y="4" width="{width / 3:.0f}" height="8"/>'
        f'<circle class="{verdict}" cx="{x:.1f}" cy="8" r="5"/></svg>'
    )
