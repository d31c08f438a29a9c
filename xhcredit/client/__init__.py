"""API client for other programs: typed, with retries, sync and async."""

from xhcredit.client.errors import Problem, Unreachable
from xhcredit.client.http import AsyncClient, Client
from xhcredit.client.types import Score, WatchlistRow

__all__ = ["AsyncClient", "Client", "Problem", "Score", "Unreachable", "WatchlistRow"]
