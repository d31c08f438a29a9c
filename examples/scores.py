"""Scores of the ten enterprises with the lowest composite score.

pip install ./client
XHCREDIT_KEY=xhc_… python examples/scores.py http://127.0.0.1:8000
"""

import os
import sys
from itertools import islice

from xhcredit_client import Client, Problem

if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    with Client(address, os.environ["XHCREDIT_KEY"], "日常监管 example") as client:
        try:
            for row in islice(client.watchlist(sort="composite"), 10):
                score = client.score(row.code)
                worst = "、".join(r["zh"] for r in score.reasons[:2])
                sys.stdout.write(f"{row.code} {row.name} {score.tier} {score.composite} {worst}\n")
        except Problem as problem:
            sys.exit(f"{problem.title} {problem.detail}")
