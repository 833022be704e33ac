"""Leaderboards on the terminal, in files, and as a site to put on a server."""

from ccbench.reporting.leaderboard.files import FORMATS, Format, board_text
from ccbench.reporting.leaderboard.site import write_site
from ccbench.reporting.leaderboard.terminal import print_board

__all__ = ["FORMATS", "Format", "board_text", "print_board", "write_site"]
