#!/bin/sh
# What `spanfate peek` costs itself and the process it looks at: docs/peek-cost.sh [SPANS/S]. Needs root and an eBPF kernel.
# A Go process ends that many spans a second into a receiver that answers after 5 ms; CPU of both from /proc and times(2).
set -eu
cd "$(dirname "$0")/.."
rate=${1:-20000}
folder=$(mktemp -d)
cargo build --quiet
spanfate=${CARGO_TARGET_DIR:-target}/debug/spanfate
(cd go-fixtures && CGO_ENABLED=0 go build -o "$folder/target" ../harness/cli/tests/e2e/watching/peek/target.go)
"$spanfate" receive --listen 127.0.0.1:4419 --answer-after 5ms >"$folder/received" 2>&1 &
receiver=$!
mkfifo "$folder/orders"
exec 9<>"$folder/orders"
"$folder/target" http://127.0.0.1:4419 <"$folder/orders" >/dev/null 2>&1 9>&- &
target=$!
trap 'kill $target $receiver; rm -r "$folder"' EXIT
sleep 1
echo "rate $rate" >&9
sleep 1
cpu() { awk '{print ($14 + $15) * 10}' "/proc/$target/stat"; }
# CPU of the target in 20 s, ms per second.
alone() {
	before=$(cpu)
	sleep 20
	echo "target $1: $(((($(cpu) - before)) / 20)) ms/s"
}
for round in 1 2 3; do
	alone "alone"
	"$spanfate" peek --pid "$target" --for 25s >"$folder/text" &
	peek=$!
	alone "with peek"
	wait $peek
done
for lasting in 1s 61s; do
	echo "peek --for $lasting: user and system time"
	sh -c "'$spanfate' peek --pid $target --for $lasting >'$folder/text'; times" | tail -1
done
