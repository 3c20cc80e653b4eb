#!/usr/bin/env bash
# What a neighbour on the fixture's core does to the figures: qps5k's defaults and its 30 ms answer, while a process spins for
# a share of the time on the fixture's core (CPU 0). Prints one line per share and variant. See docs/adr/003.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cargo build -q
spin() { # percent; periods are drawn, so that they do not march in step with the timer tick
  local until period
  while :; do
    period=$((5000 + RANDOM % 10000))
    until=$((${EPOCHREALTIME/./} + period * $1 / 100))
    while [ "${EPOCHREALTIME/./}" -lt "$until" ]; do :; done
    printf -v pause '0.%06d' $((period * (100 - $1) / 100))
    read -r -t "$pause" <&3 || true
  done
}
mkfifo "$out/never"
exec 3<>"$out/never"
for share in ${*:-0 2 5 10 20 40}; do
  spin "$share" &
  neighbour=$!
  taskset -cp 0 "$neighbour" >/dev/null
  [ "$share" -gt 0 ] || kill "$neighbour"
  target/debug/spanfate scenario qps5k --variant sdk-defaults --variant answer-30ms --out "$out" --json >"$out/result.json" || true
  [ "$share" -gt 0 ] && kill "$neighbour"
  wait "$neighbour" 2>/dev/null || true
  python3 - "$share" "$out/result.json" <<'PY'
import json, sys
result = json.load(open(sys.argv[2]))
for variant in result["variants"]:
    t = variant["trials"][0]
    predicted = t["loss"]["predicted"]
    print("share %3s %%  %-13s waited %5.2f %%  foreign %5.1f %%  worst window %.4f  loss %7.3f %%  law %7.3f %%  response p99 %6.2f ms  lag p99 %5.2f ms" % (
        sys.argv[1], variant["name"], 100 * t["usage"]["fixture_wait"], 100 * t["usage"]["foreign"], t["load"]["worst_window"], 100 * t["loss"]["rate"],
        100 * predicted["rate"] if predicted else float("nan"), t["load"]["response"]["p99"], t["load"]["start_lag"]["p99"]))
PY
done
