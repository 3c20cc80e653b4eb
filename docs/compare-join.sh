#!/usr/bin/env bash
# The general join beside DuckDB on the same ten million spans in three streams, on one core: our ways and DuckDB in turn,
# ROUNDS times. Prints seconds and memory of each, and that all give the same answer. Needs cargo, python3 with venv (or pip
# with DuckDB of this version installed), 3 GB of disk and 4 GB of memory.
#
#     docs/compare-join.sh [SPANS] [ROUNDS] [DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
duckdb=2.0.0
spans=${1:-10000000}
rounds=${2:-3}
dir=${3:-$(mktemp -d)}
[ -n "${3:-}" ] || trap 'rm -rf "$dir"' EXIT

python=python3
if ! python3 -c "import duckdb, sys; sys.exit(duckdb.__version__ != '$duckdb')" 2>/dev/null; then
  python3 -m venv "$dir/venv"
  python="$dir/venv/bin/python"
  "$python" -m pip install -q "duckdb==$duckdb"
fi
cargo build -q --release -p spanfate-analysis --example join
join=${CARGO_TARGET_DIR:-target}/release/examples/join
"$join" write "$spans" "$dir"

# DuckDB's tables are loaded before time counts: the fastest it can be. Keys are three numbers, not text.
cat >"$dir/peer.py" <<'PY'
import duckdb, sys, time

dir = sys.argv[1]
con = duckdb.connect()
con.execute("SET threads = 1")
for name in ("created", "received", "marked"):
    columns = "{'high': 'UBIGINT', 'low': 'UBIGINT', 'span': 'UBIGINT', 'value': 'UBIGINT'}"
    con.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{dir}/{name}.csv', header = true, columns = {columns})")


def status(name):
    line = next(line for line in open("/proc/self/status") if line.startswith(name))
    return int(line.split()[1]) // 1024


def reset_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


tables = status("RssAnon")
reset_peak()
began = time.perf_counter()
row = con.execute("""
    WITH wire AS (
      SELECT high, low, span,
             count(*) FILTER (value & 3 = 0) AS copies,
             count(*) FILTER (value & 3 <> 0) AS refused,
             min(value >> 2) FILTER (value & 3 = 0) AS first
      FROM received GROUP BY ALL
    )
    SELECT count(*),
           count(*) FILTER (c.value IS NOT NULL AND copies > 0),
           count(*) FILTER (c.value IS NOT NULL AND coalesce(copies, 0) = 0),
           count(*) FILTER (c.value IS NULL AND copies > 0),
           sum(greatest(coalesce(copies, 0)::BIGINT - 1, 0)),
           sum(coalesce(refused, 0)),
           count(*) FILTER (c.value IS NOT NULL AND m.value IS NOT NULL),
           sum(first::HUGEINT - c.value) FILTER (c.value IS NOT NULL AND copies > 0)
    FROM created c FULL JOIN wire USING (high, low, span) FULL JOIN marked m USING (high, low, span)
""").fetchone()
seconds = time.perf_counter() - began
names = ("keys", "both", "missing", "unexpected", "duplicates", "refused", "marked", "delay_ns")
answer = ", ".join(f"{name}: {int(value)}" for name, value in zip(names, row))
print(f"DuckDB    {seconds:6.2f} s  {status('VmHWM'):5} MiB VmHWM, {tables} MiB of it its tables  Answer {{ {answer} }} ({duckdb.__version__})")
PY

for round in $(seq "$rounds"); do
  echo "round $round"
  for way in general slots hash-map; do
    taskset -c 0 "$join" "$way" "$dir" | tee -a "$dir/answers"
  done
  taskset -c 0 "$python" "$dir/peer.py" "$dir" | tee -a "$dir/answers"
done
different=$(grep -o 'Answer {[^}]*}' "$dir/answers" | sort -u | wc -l)
rm "$dir/answers"
[ "$different" -eq 1 ] || { echo "the answers differ"; exit 1; }
echo "all answers are the same"
