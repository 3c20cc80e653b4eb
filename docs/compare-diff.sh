#!/usr/bin/env bash
# `spanfate diff` beside what people would write for it: jq with sort and diff, pandas, DuckDB. The same two stores, traces of five spans, one
# core, each way in a process of its own, in turn, ROUNDS times. In one span of 1,000 the name differs, one of 1,500 is missing: all ways must find
# as many. Prints traces/s (median, least to most), CPU seconds and memory. Needs cargo, jq, and python3 with venv; some 100 MB of disk per
# 10,000 traces.
#
#     docs/compare-diff.sh [TRACES] [ROUNDS] [DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
traces=${1:-40000}
rounds=${2:-3}
dir=${3:-$(mktemp -d)}
[ -n "${3:-}" ] || trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir"

cargo build -q -p spanfate
cargo build -q -p spanfate-diff --example stores
target=${CARGO_TARGET_DIR:-target}/debug
if [ ! -x "$dir/venv/bin/python" ]; then
  python3 -m venv "$dir/venv"
  "$dir/venv/bin/pip" install -q "duckdb==2.0.1" "pandas==3.1.1"
fi
planted=$("$target/examples/stores" "$dir" "$traces")

cat >"$dir/jq.sh" <<'JQ'
set -euo pipefail
export LC_ALL=C
jq -r '.resourceSpans[]
  | (.resource.attributes[] | select(.key == "service.name") | .value.stringValue) as $service
  | .scopeSpans[].spans[]
  | [.traceId, .spanId, .parentSpanId, .name, $service, .startTimeUnixNano[:-3]] | @tsv' "$1/left.json" | sort >"$1/left.tsv"
jq -r '.data[] | .processes as $of | .spans[]
  | [.traceID, .spanID, ((.references // []) | map(select(.refType == "CHILD_OF"))[0].spanID // ""),
     .operationName, $of[.processID].serviceName, (.startTime | tostring)] | @tsv' "$1/right.jaeger.json" | sort >"$1/right.tsv"
lines=$(wc -l <"$1/left.tsv")
found=$(diff "$1/left.tsv" "$1/right.tsv" || true)
left=$(grep -c '^<' <<<"$found" || true)
right=$(grep -c '^>' <<<"$found" || true)
echo "both $((lines - left + right)), different $right, missing $((left - right))"
JQ

cat >"$dir/frames.py" <<'PY'
import json
import sys

import pandas

folder = sys.argv[1]


def left():
    for line in open(f"{folder}/left.json"):
        for resource in json.loads(line)["resourceSpans"]:
            attributes = resource["resource"]["attributes"]
            service = next(a["value"]["stringValue"] for a in attributes if a["key"] == "service.name")
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    yield (span["traceId"], span["spanId"], span["parentSpanId"], span["name"], service,
                           int(span["startTimeUnixNano"]) // 1000)


def right():
    for trace in json.load(open(f"{folder}/right.jaeger.json"))["data"]:
        for span in trace["spans"]:
            parents = [r["spanID"] for r in span["references"] if r["refType"] == "CHILD_OF"]
            yield (span["traceID"], span["spanID"], parents[0] if parents else "", span["operationName"],
                   trace["processes"][span["processID"]]["serviceName"], span["startTime"])


keys, fields = ["trace", "span"], ["parent", "name", "service", "start"]
one, other = (pandas.DataFrame(side(), columns=keys + fields) for side in (left, right))
joined = one.merge(other, on=keys, how="outer", suffixes=("", "_other"), indicator=True)
both = joined[joined._merge == "both"]
different = sum(both[name] != both[f"{name}_other"] for name in fields) > 0
print(f"both {len(both)}, different {different.sum()}, missing {(joined._merge == 'left_only').sum()}")
PY

cat >"$dir/duck.py" <<'PY'
import sys

import duckdb

folder = sys.argv[1]
con = duckdb.connect()
con.execute("SET threads = 1")
value = "STRUCT(key VARCHAR, value STRUCT(stringValue VARCHAR))[]"
span = "STRUCT(traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, name VARCHAR, startTimeUnixNano UBIGINT)[]"
otlp = f"STRUCT(resource STRUCT(attributes {value}), scopeSpans STRUCT(spans {span})[])[]"
reference = "STRUCT(refType VARCHAR, spanID VARCHAR)[]"
span = f"""STRUCT(traceID VARCHAR, spanID VARCHAR, operationName VARCHAR, "references" {reference}, startTime UBIGINT, processID VARCHAR)[]"""
jaeger = f"STRUCT(spans {span}, processes MAP(VARCHAR, STRUCT(serviceName VARCHAR)))[]"
options = "format = 'auto', maximum_object_size = 2000000000"
row = con.execute(f"""
    WITH resources AS (SELECT unnest(resourceSpans) AS r FROM read_json('{folder}/left.json', columns = {{resourceSpans: '{otlp}'}}, {options})),
    scopes AS (SELECT list_filter(r.resource.attributes, lambda a: a.key = 'service.name')[1].value.stringValue AS service,
                      unnest(r.scopeSpans) AS scope FROM resources),
    one AS (SELECT service, unnest(scope.spans) AS s FROM scopes),
    traces AS (SELECT unnest(data) AS t FROM read_json('{folder}/right.jaeger.json', columns = {{data: '{jaeger}'}}, {options})),
    other AS (SELECT t.processes AS processes, unnest(t.spans) AS s FROM traces),
    l AS (SELECT s.traceId AS trace, s.spanId AS span, s.parentSpanId AS parent, s.name AS name, service,
                 s.startTimeUnixNano // 1000 AS start FROM one),
    r AS (SELECT s.traceID AS trace, s.spanID AS span,
                 coalesce(list_filter(s."references", lambda f: f.refType = 'CHILD_OF')[1].spanID, '') AS parent,
                 s.operationName AS name, processes[s.processID].serviceName AS service, s.startTime AS start FROM other)
    SELECT count(*) FILTER (l.trace IS NOT NULL AND r.trace IS NOT NULL),
           count(*) FILTER (l.trace IS NOT NULL AND r.trace IS NOT NULL
                            AND (l.parent, l.name, l.service, l.start) IS DISTINCT FROM (r.parent, r.name, r.service, r.start)),
           count(*) FILTER (r.trace IS NULL)
    FROM l FULL JOIN r USING (trace, span)
""").fetchone()
print("both {}, different {}, missing {}".format(*row))
PY

cat >"$dir/all.py" <<'PY'
import json
import os
import statistics
import subprocess
import sys
import time

folder, traces, rounds, program, planted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
python = f"{folder}/venv/bin/python"
file = lambda name: f"{folder}/{name}"
ours = lambda one, other: [program, "diff", file(one), file(other), "--json"]


def told(answer):
    """What was found, by us or by another way."""
    if not answer.startswith("{"):
        return answer
    counts = json.loads(answer)["counts"]
    more = ", and more" if counts["only_right"] + counts["copies_left"] + counts["copies_right"] else ""
    return "both {both}, different {different}, missing {only_left}".format(**counts) + more


ways = [
    ("spanfate diff: run log, OTLP protobuf", ours("run.log", "right.pb")),
    ("spanfate diff: run log, OTLP JSON", ours("run.log", "right.json")),
    ("spanfate diff: run log, Jaeger JSON", ours("run.log", "right.jaeger.json")),
    ("spanfate diff: Parquet, OTLP protobuf", ours("rows.parquet", "right.pb")),
    ("spanfate diff: OTLP protobuf, OTLP protobuf, all fields", ours("left.pb", "right.pb")),
    ("spanfate diff: OTLP JSON, Jaeger JSON, all fields", ours("left.json", "right.jaeger.json")),
    ("jq, sort, diff: OTLP JSON, Jaeger JSON, four fields", ["bash", file("jq.sh"), folder]),
    ("pandas: the same, four fields", [python, file("frames.py"), folder]),
    ("DuckDB: the same, four fields", [python, file("duck.py"), folder]),
]
figures = {name: [] for name, _ in ways}
core = os.sched_getaffinity(0).pop()
os.sched_setaffinity(0, {core})
for _ in range(rounds):
    for name, command in ways:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        answer = child.stdout.read().strip()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        code = 99 if command[0] == program else 0
        if os.waitstatus_to_exitcode(status) != code or told(answer) != planted:
            sys.exit(f"{name}: exit code {os.waitstatus_to_exitcode(status)}, {answer}; planted were {planted}")
        figures[name].append((seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024))
print(f"{traces:,} traces of 5 spans; all found: {planted}\n")
print("| one core | traces/s: median (least to most) | CPU seconds | MiB |\n|---|---|---|---|")
for name, runs in figures.items():
    rates = sorted(traces / seconds for seconds, _, _ in runs)
    cpu = statistics.median(cpu for _, cpu, _ in runs)
    print(f"| {name} | {statistics.median(rates):,.0f} ({rates[0]:,.0f} to {rates[-1]:,.0f}) | {cpu:.2f} | {max(m for *_, m in runs)} |")
print("| the article (4.4), concurrency 50 / 200, machine not named | 8,200 / 31,500 | | |")
PY
"$dir/venv/bin/python" "$dir/all.py" "$dir" "$traces" "$rounds" "$target/spanfate" "$planted"
