#!/bin/sh
# The same with curl:  XHCREDIT_KEY=xhc_… sh examples/curl.sh http://127.0.0.1:8000
set -eu
address=${1:-http://127.0.0.1:8000}
ask() { curl --silent --show-error --fail-with-body -H "Authorization: Bearer $XHCREDIT_KEY" -H "X-Purpose: example" "$@"; }
ask "$address/v1/watchlist?sort=composite&limit=3"
echo
ask -H "Content-Type: application/json" -d '{"codes": []}' "$address/v1/scores:batch" || true # what a refusal looks like
echo
ask "$address/v1/rules/scores.scale"
echo
