"""Codes that Green Button (ESPI) and IEC 61968-9 share: units, powers of ten, directions, accumulation."""

UNITS = {
    5: "A", 29: "V", 31: "J", 33: "Hz", 38: "W", 42: "m3", 61: "VA", 63: "VAr", 71: "VAh", 72: "Wh", 73: "VArh",
    106: "Ah", 119: "ft3", 128: "USGal", 130: "ImpGal", 132: "BTU", 134: "L", 169: "therm",
}  # fmt: skip
PREFIXES = {-9: "n", -6: "µ", -3: "m", -2: "c", -1: "d", 0: "", 3: "k", 6: "M", 9: "G"}
FLOWS = {1: "forward", 2: "lagging", 3: "leading", 4: "net", 19: "reverse", 20: "total"}
ELECTRICITY = (0, 1, 2)  # commodities: not stated, secondary and primary metered
INDEX = (1, 3, 9)  # bulk, continuously cumulative, summation: values are what a register shows
MAX_POWER = 9  # of ten, between a delivered value and kWh


def unit_of(code: int, power: int) -> str:
    """Name of a unit with its power of ten: 72 and 3 are kWh."""
    name = UNITS.get(code, f"uom{code}")
    return f"{PREFIXES[power]}{name}" if power in PREFIXES else f"10^{power} {name}"


def scale_of(code: int, power: int) -> int | None:
    """What makes kWh, kvarh, V or A of a value (model.DAYS: scale); None where it is out of all proportion."""
    exponent = power - 3 if code in (72, 73) else power if code in (5, 29) else 0
    if abs(exponent) > MAX_POWER:
        return None
    return 10**exponent if exponent >= 0 else -(10**-exponent)


def channel_of(code: int, flow: int) -> str | None:
    """Our channel of a unit and a direction."""
    if code in (72, 73):
        direction = {1: "import", 19: "export"}.get(flow)
        return f"{direction}_{'kwh' if code == 72 else 'kvarh'}" if direction else None
    return {29: "voltage_v", 5: "current_a"}.get(code)


def whole(text: str, otherwise: int = 0) -> int:
    """A whole number of at most 9 digits, or what it is otherwise."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 10 else otherwise
