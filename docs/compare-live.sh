#!/usr/bin/env bash
# How fast `spanfate diff --live` judges, and how late its verdicts come: CLIENTS at once send traces of five spans to both sides, first
# one trace a request, then a hundred (about the 512 spans of an SDK's batch). Prints ours beside the figures that an article gives for
# a tool of its own (its chapter 4.4: two stores, a window of 50 ms). Usage: docs/compare-live.sh [SECONDS] [CLIENTS…]
#
# Sender and comparison share the machine; with one core for each the figures are those of one core. Where they saturate it, the two sides
# of a trace lie further apart than the window, and that is an alarm, too: the last column says whether these are all, and a window of half a
# second stands beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}
shift || true
clients=${*:-50 200}
target=${CARGO_TARGET_DIR:-target}/debug
work=$(mktemp -d)
watch=
trap '[ -z "$watch" ] || kill "$watch" 2>/dev/null || true; rm -rf "$work"' EXIT
cargo build --quiet
cargo build --quiet -p spanfate-run --example twin_load

row() { printf '%-48s %8s %12s %8s %8s %20s %16s\n' "$@"; }
row "" clients traces/s "p50 ms" "p99 ms" "false alarms" "of these late"
for many in $clients; do
    for form in "1 50" "100 50" "100 500"; do
        read -r traces window <<<"$form"
        "$target/spanfate" diff --live receive:0 receive:0 --window "${window}ms" --memory 2GiB --json >"$work/found" 2>"$work/said" &
        watch=$!
        # Both receivers say where they listen.
        until [ "$(grep -o 'http://[0-9.:]*[0-9]' "$work/said" | wc -l)" -ge 2 ]; do
            kill -0 "$watch" || { cat "$work/said" >&2; exit 1; }
            sleep 0.05
        done
        ends=$(grep -o 'http://[0-9.:]*' "$work/said" | sed 's|http://||')
        # shellcheck disable=SC2086
        "$target/examples/twin_load" $ends "$many" "$seconds" "$traces" >"$work/sent"
        kill -INT "$watch"
        wait "$watch" || echo "it ended with code $?"
        watch=
        figures=$(python3 - "$work/found" "$work/sent" <<'PY'
import json, re, sys

found = json.load(open(sys.argv[1]))
sent = open(sys.argv[2]).read()
traces, rate = re.match(r"(\d+) traces in .*: (\d+) traces/s", sent).groups()
counts, live = found["counts"], found["live"]
assert found["traces"]["all"] == int(traces), f"{traces} sent, {found['traces']['all']} judged"
alarms = found["traces"]["all"] - found["traces"]["equal"]
late = "all" if alarms and counts["only_left"] + counts["only_right"] == live["late"] and not counts["different"] else "0" if not alarms else "some"
print(f"{int(rate):,}", f"{live['p50_ms']:.1f}", f"{live['p99_ms']:.1f}", f"{alarms:,}/{int(traces):,}", late)
PY
        )
        # shellcheck disable=SC2086
        row "spanfate, $traces traces a request, window $window ms" "$many" $figures
    done
done
row "the article" 50 8,200 - 47 "0.002 %" -
row "the article" 200 31,500 - 113 "0.003 %" -
