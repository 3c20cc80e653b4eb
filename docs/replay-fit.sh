#!/bin/sh
# How well replays fit: one row per queue that dropped spans, and how many fit. Needs python3.
#   docs/replay-fit.sh RUN...            rows of runs that are there
#   docs/replay-fit.sh --library DIR     runs every scenario of the table in docs/why.md into DIR, a quarter of an hour, then their rows
# SPANFATE names the program; by default it is built and run by cargo.
set -eu
spanfate=${SPANFATE:-cargo run --quiet --}
library='qps5k exporter-matrix jitter-sweep outage-1s outage-3s outage-12s outage-30s outage-advised cpu-squeeze gc slow-serialisation'
if [ "${1:-}" = --library ]; then
    into=$2
    mkdir -p "$into"
    for scenario in $library; do
        # What a run comes to is not asked here: a machine that is disturbed makes it inconclusive, and its queues are replayed all the same.
        $spanfate scenario "$scenario" --trials 1 --out "$into" >"$into/$scenario.log" 2>&1 || true
    done
    set -- "$into"/*/
fi
for run in "$@"; do
    [ -f "$run/result.json" ] || [ ! -d "$run" ] || continue
    $spanfate why "$run" --format json
done | python3 -c '
import json, sys
text, decoder, at = sys.stdin.read(), json.JSONDecoder(), 0
all = fit = 0
print("| scenario | variant | dropped | replayed | apart | free | first cause |\n|---|---|---|---|---|---|---|")
while at < len(text.rstrip()):
    found, at = decoder.raw_decode(text, at + len(text[at:]) - len(text[at:].lstrip()))
    scenario = found["run_id"].rsplit("-", 1)[0]
    for one in found["replays"]:
        replay = one["replay"]
        first = replay["causes"][0] if replay["causes"] else {"cause": "none", "share": 0}
        cause = "%s %d %%" % (first["cause"], round(100 * first["share"]))
        row = [scenario, one["variant"], replay["dropped"], replay["replayed"], replay["apart"], replay["free"], cause]
        print("| " + " | ".join(format(cell, ",") if isinstance(cell, int) else cell for cell in row) + " |")
        all += 1
        fit += abs(replay["dropped"] - replay["replayed"]) <= max(10, 0.01 * replay["dropped"])
print("\n%d of %d queues within 1 %% or 10 spans" % (fit, all))
'
