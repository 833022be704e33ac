"""Numbers and sentences as psychologists write them."""

from __future__ import annotations

import math

from ccbench.analysis.statistics.finding import LEVEL

SPLITS = "Would other random splits of the same photographs give this? "
TRAINING_POSERS = "Would other training and test posers give this? "
NEW_POSERS = "Would other posers, with the networks as they are, give this? "
POINTS = "Would it hold if every point of a profile were a separate observation? "
UNITS = "Would other action units give this? "
LABELS = "Is it further from 0 than with the expressions matched up at random? "
CELLS = "Would it hold if every cell were a separate observation? "


def number(value: float) -> str:
    """Format a rate or a correlation: two decimals, no leading zero, a true minus.

    >>> number(0.756), number(-0.05), number(1.0), number(-0.001)
    ('.76', '−.05', '1.00', '.00')
    """
    text = f"{abs(value):.2f}"
    sign = "−" if value < 0 and float(text) else ""
    return sign + text.removeprefix("0")


def statistic(value: float) -> str:
    """Format a test statistic.

    >>> statistic(-2.345), statistic(0.5)
    ('−2.35', '0.50')
    """
    text = f"{abs(value):.2f}"
    return f"−{text}" if value < 0 and float(text) else text


def p_value(value: float, symbol: str = "p") -> str:
    """Format a p value.

    >>> p_value(0.0123), p_value(0.00001), p_value(1.0), p_value(0.9999)
    ('p = .012', 'p < .001', 'p = 1.000', 'p = 1.000')
    """
    if value < 0.001:
        return f"{symbol} < .001"
    return f"{symbol} = {f'{value:.3f}'.removeprefix('0')}"


def interval(low: float, high: float) -> str:
    """Format a 95 % interval; nothing where there is none.

    >>> interval(-0.1, 0.25)
    ', 95 % CI [−.10, .25]'
    """
    if math.isnan(low) or math.isnan(high):
        return ""
    return f", 95 % CI [{number(low)}, {number(high)}]"


def reversed_relation(r: float, p: float) -> str:
    """Say that a relation is not the one that was asked for, but its opposite.

    >>> reversed_relation(-0.4, 0.01), reversed_relation(-0.4, 0.2), reversed_relation(0.4, 0.01)
    (' (the other way round)', '', '')
    """
    return " (the other way round)" if r < 0 and p < LEVEL else ""


def verdict(p: float, what: str) -> str:
    """Say whether chance explains ``what``.

    >>> verdict(0.01, "difference")
    'Answer: yes, beyond chance at .05.'
    >>> verdict(0.3, "difference")
    'Answer: not shown; a difference like this can be chance (.05 level).'
    """
    if p < LEVEL:
        return "Answer: yes, beyond chance at .05."
    article = "an" if what[0] in "aeiou" else "a"
    return f"Answer: not shown; {article} {what} like this can be chance (.05 level)."


def over_always(some: int, all_: int) -> str:
    """Say that rates are over some expressions only; nothing where they are over all.

    >>> over_always(6, 7), over_always(7, 7)
    (' (over the 6 expressions in every run)', '')
    """
    return f" (over the {count(some, 'expression')} in every run)" if some < all_ else ""


def count(many: int, one: str) -> str:
    """Format a count.

    >>> count(1, "expression"), count(10000, "permutation")
    ('1 expression', '10,000 permutations')
    """
    return f"{many:,} {one}{'s' * (many != 1)}"
