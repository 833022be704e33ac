"""Leaderboards over runs: what is measured, and which ranks the posers leave open.

A rank is an interval of ranks: entries that other posers could put in another order share
one.  docs/leaderboards.md defines every measure.
"""

from ccbench.analysis.leaderboard.boards import Board, Group, Row, Table, make_board
from ccbench.analysis.leaderboard.measures import MEAN, MEASURES, Measure, Value
from ccbench.analysis.leaderboard.ranks import Rank, rank_values
from ccbench.analysis.leaderboard.submissions import Measured, Submission, measure

__all__ = [
    "MEAN",
    "MEASURES",
    "Board",
    "Group",
    "Measure",
    "Measured",
    "Rank",
    "Row",
    "Submission",
    "Table",
    "Value",
    "make_board",
    "measure",
    "rank_values",
]
