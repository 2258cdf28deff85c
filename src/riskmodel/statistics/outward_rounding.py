"""Bounds as text: rounded outward, so that decimal places never flatter.

`form` is a format of floats with its digits, such as ".2%", "+.3f" or ".4g".
"""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal


def format_upper(value: float, form: str) -> str:
    """The value as text that is never below it: above 0 it never reads 0."""
    return _format(value, form, ROUND_CEILING)


def format_lower(value: float, form: str) -> str:
    """The value as text that is never above it."""
    return _format(value, form, ROUND_FLOOR)


def format_interval(low: float, high: float, form: str, between: str = " to ") -> str:
    """Both ends, each rounded outward."""
    return f"{format_lower(low, form)}{between}{format_upper(high, form)}"


def format_beside(value: float, threshold: float, form: str) -> str:
    """The value beside the threshold that it is held against: it reads like the threshold, or as on
    its other side, only where it is."""
    near = _round(value, form, ROUND_HALF_EVEN)
    if not value < threshold and not value > threshold:
        return format(value, form)
    if (near > threshold, near < threshold) == (value > threshold, value < threshold):
        return format(near, form)
    return format_upper(value, form) if value > threshold else format_lower(value, form)


def _format(value: float, form: str, rounding: str) -> str:
    return format(_round(value, form, rounding), form)


def _round(value: float, form: str, rounding: str) -> float:
    value = float(value)
    if not math.isfinite(value):
        return value
    digits, kind = int(form[:-1].rpartition(".")[2]), form[-1]
    exact = Decimal(repr(value))  # the shortest decimal that is this number: .05 is not above .05
    if kind == "g":
        return float(Context(prec=digits, rounding=rounding).create_decimal(exact))
    places = digits + (2 if kind == "%" else 0)
    wide = Context(prec=400)  # the largest number has 309 digits
    step = Decimal(1).scaleb(-places)
    return float(exact.quantize(step, rounding, wide)) + 0.0  # no minus before a zero
