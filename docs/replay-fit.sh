#!/bin/sh
# How well replays fit: one row per queue that dropped spans, of each run named. Needs python3.
#   docs/replay-fit.sh RUN...
set -eu
for run in "$@"; do
    cargo run --quiet -- why "$run" --format json | python3 -c '
import json, sys
found = json.load(sys.stdin)
scenario = found["run_id"].rsplit("-", 1)[0]
for one in found["replays"]:
    replay = one["replay"]
    first = replay["causes"][0] if replay["causes"] else {"cause": "none", "share": 0}
    cause = "%s %d %%" % (first["cause"], round(100 * first["share"]))
    row = [scenario, one["variant"], replay["dropped"], replay["replayed"], replay["apart"], replay["free"], cause]
    print("| " + " | ".join(format(cell, ",") if isinstance(cell, int) else cell for cell in row) + " |")
'
done
