"""HTTP client of xhcredit for other programs: typed, with retries, sync and async."""

from xhcredit_client.errors import Problem, Unreachable
from xhcredit_client.http import AsyncClient, Client
from xhcredit_client.types import Changes, Score, WatchlistRow

__all__ = ["AsyncClient", "Changes", "Client", "Problem", "Score", "Unreachable", "WatchlistRow"]
