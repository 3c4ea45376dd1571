"""How the network's systems write what others write differently: full names, ids and code prefixes of their own."""

import numpy as np
import pandas as pd

_ID_STEP, _IDS = 7_919, 100_000_000  # a prime: numbers are mixed, none comes twice


def psr_ids(transformers: pd.DataFrame) -> np.ndarray:
    """Ids of transformers as power system resources, in no order that means anything."""
    return np.array([f"PSR-3010{(k * _ID_STEP + 40_127) % _IDS:08d}" for k in range(1, len(transformers) + 1)], object)


def line_ids(feeders: pd.DataFrame) -> np.ndarray:
    """Numeric ids of feeders."""
    return 71_000_000 + 3 * np.arange(1, len(feeders) + 1)


def substation_ids(substations: pd.DataFrame) -> np.ndarray:
    """Numeric ids of substations."""
    return 52_000 + 7 * np.arange(1, len(substations) + 1)


def dept_ids(organisations: pd.DataFrame) -> np.ndarray:
    """Numeric ids of organisations."""
    return 60_100 + np.arange(1, len(organisations) + 1)


def mp_codes(point_no: np.ndarray) -> np.ndarray:
    """The network's codes of metering points."""
    return np.array([f"MP-{name}" for name in point_no], object)


def substation_name(name_zh: str) -> str:
    """城东110千伏变电站 → 110kV城东变."""
    for volts in ("110", "35", "220", "10"):
        if f"{volts}千伏" in name_zh:
            return f"{volts}kV{name_zh.replace(f'{volts}千伏', '').removesuffix('变电站')}变"
    return name_zh


def line_name(name_zh: str) -> str:
    """10千伏城东1线 → 10kV城东Ⅰ线路."""
    made = name_zh.replace("10千伏", "10kV")
    for digit, roman in zip("123456789", "ⅠⅡⅢⅣⅤⅥⅦⅧⅨ", strict=True):
        if made.endswith(f"{digit}线") and not made[-3].isdigit():
            return f"{made[:-2]}{roman}线路"
    return made.removesuffix("线") + "线路"


def transformer_name(name_zh: str, line: str) -> str:
    """新建路0001公变 → 10kV城东Ⅰ线路新建路0001公用配电变压器."""
    if name_zh.endswith("公变"):
        return f"{line}{name_zh.removesuffix('公变')}公用配电变压器"
    return f"{line}{name_zh.removesuffix('专变')}专用变压器"
