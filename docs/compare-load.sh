#!/bin/bash
# Our load beside vegeta and wrk, in turns, against one minimal service on another core. Usage: docs/compare-load.sh [ROUNDS]
# [SECONDS] [RATE]. What is not installed is left out and said so. CPU is that of the whole process, start and end included.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5} seconds=${2:-6} rate=${3:-5000}
VEGETA_VERSION=v12.13.0
TIMEFORMAT='%U %S'
target_dir=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
cargo build --quiet -p spanfate-run --example load_cost
ours=$target_dir/debug/examples/load_cost

if [ "$(nproc)" -lt 2 ]; then echo "this comparison needs two cores: one for the service, one for the load" >&2; exit 69; fi
vegeta=$(command -v vegeta || echo "$(go env GOPATH 2>/dev/null)/bin/vegeta")
tools="ours"
if [ -x "$vegeta" ]; then tools+=" vegeta"; else
    echo "vegeta is not installed: go install github.com/tsenart/vegeta/v12@$VEGETA_VERSION"; fi
if command -v wrk >/dev/null; then tools+=" wrk"; else echo "wrk is not installed: apt-get install wrk"; fi

taskset -c 0 "$ours" serve >"$work/address" &
service=$!
trap 'kill $service; rm -r "$work"' EXIT
while ! [ -s "$work/address" ]; do sleep 0.05; done
address=$(cat "$work/address")

# Appends "tool round requests cpu_us achieved p50_ms p99_ms lag_p99_ms".
row() { echo "$@" | awk '{ printf "%s %s %s %.1f %.0f %.3f %.3f %s\n", $1, $2, $3, $4, $5, $6, $7, $8 }' >>"$work/rows"; }
per_request() { awk -v n="$1" '{ print ($1 + $2) * 1e6 / n }' "$work/time"; }

run_ours() {
    { time taskset -c 1 "$ours" "$rate" "$seconds" "$address" >"$work/out"; } 2>"$work/time"
    local n achieved lag times
    n=$(awk '/answered$/ { print $1 }' "$work/out")
    achieved=$(awk '/^achieved/ { print $2 }' "$work/out")
    times=$(sed -n 's/^service time: p50 \([0-9.]*\) us.*p99 \([0-9.]*\),.*/\1 \2/p' "$work/out" | awk '{ print $1 / 1e3, $2 / 1e3 }')
    lag=$(sed -n 's/^start lag: .*p99 \([0-9.]*\), p99.9.*/\1/p' "$work/out" | awk '{ printf "%.3f", $1 / 1e3 }')
    row ours "$1" "$n" "$(per_request "$n")" "$achieved" $times "$lag"
}

run_vegeta() {
    { time echo "GET http://$address/work" | taskset -c 1 "$vegeta" attack -rate "$rate" -duration "${seconds}s" \
        -header "spanfate-request: 1" >"$work/out"; } 2>"$work/time"
    "$vegeta" report -type json "$work/out" >"$work/json"
    local figures
    figures=$(python3 -c 'import json, sys
r = json.load(open(sys.argv[1])); l = r["latencies"]
print(r["requests"], r["rate"], l["50th"] / 1e6, l["99th"] / 1e6)' "$work/json")
    set -- "$1" $figures
    row vegeta "$1" "$2" "$(per_request "$2")" "$3" "$4" "$5" -
}

run_wrk() {
    { time taskset -c 1 wrk -t 1 -c 50 -d "${seconds}s" --latency -H "spanfate-request: 1" "http://$address/work" \
        >"$work/out"; } 2>"$work/time"
    local n
    n=$(awk '/requests in/ { print $1 }' "$work/out")
    ms() { awk -v q="$1" '$1 == q { t = $2; f = t ~ /us$/ ? 1e-3 : t ~ /ms$/ ? 1 : 1e3; print t * f }' "$work/out"; }
    row wrk "$1" "$n" "$(per_request "$n")" "$(awk '/^Requests\/sec/ { print $2 }' "$work/out")" "$(ms 50%)" "$(ms 99%)" -
}

for round in $(seq "$rounds"); do for tool in $tools; do "run_$tool" "$round"; done; done

{
    echo "tool round requests CPU_us/request achieved/s p50_ms p99_ms start_lag_p99_ms"
    cat "$work/rows"
} | column -t
echo
echo "medians of $rounds rounds"
{
    echo "tool CPU_us/request achieved/s p50_ms p99_ms start_lag_p99_ms"
    for tool in $tools; do
        line=$tool
        for column in 4 5 6 7 8; do
            line+=" $(awk -v t="$tool" -v c="$column" '$1 == t { print $c }' "$work/rows" | sort -g |
                awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')"
        done
        echo "$line"
    done
} | column -t
echo
echo "ours, vegeta: open, $rate/s; times from the actual send, ours also knows how late that was (start lag)."
echo "wrk: closed, 50 connections, as fast as it is answered: it never waits, so its CPU per request has no wake-ups in it,"
echo "and its times are those of a saturated service. They are not comparable with the others'."
