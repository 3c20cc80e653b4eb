#!/bin/bash
# Reads what `--ci` writes with other people's tools. Usage: docs/check-ci-outputs.sh [JUNIT.xsd] [RUN …]. Made-up runs in every
# state are always among them, hostile names included. The schema is Jenkins' own (jenkinsci/xunit-plugin, junit-10.xsd); what
# is not installed is left out and said so. Needs cargo and go; a Python with `junitparser` and `yaml`, and xmllint if it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
schema=""
if [[ "${1:-}" == *.xsd ]]; then schema=$1; shift; fi
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
python=${PYTHON:-python3}
spanfate=${CARGO_TARGET_DIR:-target}/debug/spanfate

cargo build --quiet --bin spanfate
cargo run --quiet -p spanfate-report --example sample -- "$work"
at=0
for run in "$@"; do
    "$spanfate" report "$run" --format junit --output "$work/run-$at.junit.xml"
    "$spanfate" report "$run" --format gobench --output "$work/run-$at.benchmark.txt"
    at=$((at + 1))
done

if [ -z "$schema" ]; then echo "no schema given: the XML is not validated"
elif command -v xmllint >/dev/null; then
    xmllint --noout --schema "$schema" "$work"/*.junit.xml 2>"$work/xmllint" || { cat "$work/xmllint"; exit 1; }
    echo "valid by $(basename "$schema"): $(grep -c ' validates$' "$work/xmllint") files"
else echo "xmllint is not installed: apt-get install libxml2-utils"; fi

if "$python" -c 'import junitparser' 2>/dev/null; then
    "$python" - "$work"/*.junit.xml <<'PYTHON'
import sys
from junitparser import Error, Failure, JUnitXml

for path in sys.argv[1:]:
    suites = JUnitXml.fromfile(path)
    cases = [case for suite in suites for case in suite]
    count = lambda kind: sum(isinstance(one, kind) for case in cases for one in case.result)
    said, found = (suites.tests, suites.failures, suites.errors), (len(cases), count(Failure), count(Error))
    assert said == found, (path, said, found)
print(f"junitparser agrees with the counts of {len(sys.argv) - 1} files")
PYTHON
else echo "junitparser is not installed: pip install junitparser"; fi

if "$python" -c 'import yaml' 2>/dev/null; then
    "$python" - docs/cookbook/*.yml <<'PYTHON'
import sys, yaml

for path in sys.argv[1:]:
    with open(path) as file:
        assert isinstance(yaml.safe_load(file), dict), path
print(f"{len(sys.argv) - 1} workflow files are YAML")
PYTHON
else echo "PyYAML is not installed: pip install pyyaml"; fi

cd go-fixtures/tools
go tool benchstat baseline="$work/repeated.benchmark.txt" candidate="$work/repeated.benchmark.txt" >"$work/benchstat"
grep -q 'vs base' "$work/benchstat" && echo "benchstat compares $(grep -c 'vs base' "$work/benchstat") figures"
for file in "$work"/run-*.benchmark.txt; do
    if [ -e "$file" ]; then go tool benchstat "$file"; fi
done
