#!/bin/bash
# Our receiver and our tap beside the Collector's own OTLP receiver with its no-op exporter, in turns, all on one core, the client on
# another. Usage: docs/compare-receiver.sh [ROUNDS] [REQUESTS]. Builds the Collector of go-fixtures/hop: two minutes of CPU the first time.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-7} requests=${2:-300}
if [ "$(nproc)" -lt 2 ]; then echo "this comparison needs two cores: one for who is measured, one for the client" >&2; exit 69; fi
target_dir=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d -p /dev/shm)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -r "$work"' EXIT
cargo build --quiet -p spanfate
cargo build --quiet -p spanfate-run --example receiver_cost
(cd go-fixtures/hop && CGO_ENABLED=0 GOWORK=off go build -trimpath -buildvcs=false -o "$work/collector" .)

cat >"$work/collector.yaml" <<'YAML'
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:14417"}, http: {endpoint: "127.0.0.1:14418"}}}}
exporters: {nop: }
service:
  telemetry: {metrics: {level: normal, readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 14419}}}}]}}
  pipelines: {traces: {receivers: [otlp], exporters: [nop]}}
YAML
start() { taskset -c 1 "$@" >"$work/said.${#pids[@]}" 2>&1 & pids+=($!); }
start "$work/collector" --config "$work/collector.yaml"
start "$target_dir/debug/spanfate" receive --listen 127.0.0.1:14427 --out "$work/receiver.log"
start "$target_dir/debug/spanfate" receive --listen 127.0.0.1:14437 --out "$work/tap.log" --relay http://127.0.0.1:14417
"$target_dir/debug/examples/receiver_cost" "$rounds" "$requests" "collector, no-op exporter=${pids[0]}=127.0.0.1:14417" \
    "receiver=${pids[1]}=127.0.0.1:14427" "tap=${pids[2]}=127.0.0.1:14437" | tee "$work/table"

# Medians beside each other.
awk -F'|' '
    $2 ~ /^ (collector|receiver|tap)/ { split($3, plain, " "); split($4, zipped, " "); name = $2; sub(/^ /, "", name); sub(/[ ,].*/, "", name)
        cpu[name] = plain[1]; gz[name] = zipped[1]; rss[name] = $6 + 0 }
    END {
        printf "\nreceiver / collector: 1/%.1f of the CPU, 1/%.1f with gzip, 1/%.1f of the memory (goal 1/15)\n",
            cpu["collector"] / cpu["receiver"], gz["collector"] / gz["receiver"], rss["collector"] / rss["receiver"]
        printf "tap: %.2f us a span, %.2f with gzip (goal 1.2)\n", cpu["tap"] / 1e3, gz["tap"] / 1e3
    }' "$work/table"
