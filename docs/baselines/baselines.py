"""Root-cause methods of others on the cases of `spanfate why --evaluate`.

    python3.12 -m venv /tmp/rca && . /tmp/rca/bin/activate
    pip install -r docs/baselines/requirements.txt && pip install --no-deps RCAEval==1.8.1
    python docs/baselines/baselines.py DIR

DIR is the directory of an evaluation. Each method gets metrics.csv and traces.csv of a case, and the time at which the fault began,
which `why` is not told. Methods that only want a service are scored by the service that they name first, and so is `why` beside them.
Cases count that `why` is scored for, on three services, whose fault acts at some of them and has a beginning.
"""

import argparse
import json
import math
import sys
import tempfile
import types
import warnings
from pathlib import Path

import pandas

warnings.filterwarnings("ignore")


def service(node):
    """The service of a column or an operation: what stands before the first underscore."""
    return str(node).split("_")[0]


def known(cases):
    """Cases whose fault acted at some of several services, cost spans and has a beginning, with the truth."""
    for case in cases:
        costly = [fault for fault in case["injected"] if fault.get("cause")]
        if case["shape"] != "chain" or not costly or case["lost"] < 10:
            continue
        right = {name for fault in costly for name in fault["services"]}
        began = min(fault["from_ms"] for fault in costly)
        if all(fault["bit"] for fault in costly) and began > 0 and len(right) < 3:
            yield case, right, began / 1e3


def largest_change(metrics, began):
    """The column whose mean moves by most of its own deviations."""
    before, after = metrics[metrics.time < began], metrics[metrics.time >= began]
    moved = {}
    for column in metrics.columns.drop("time"):
        spread = before[column].std() + 0.01 * abs(before[column].mean()) + 1e-6
        moved[column] = abs(after[column].mean() - before[column].mean()) / spread
    return sorted(moved, key=moved.get, reverse=True)


def first_change(metrics, began):
    """The column that leaves three of its own deviations first."""
    before, after = metrics[metrics.time < began], metrics[metrics.time >= began]
    first = {}
    for column in metrics.columns.drop("time"):
        spread = 3 * (before[column].std() + 0.01 * abs(before[column].mean()) + 1e-6)
        out = after[(after[column] - before[column].mean()).abs() > spread]
        first[column] = out.time.iloc[0] if len(out) else math.inf
    return sorted(first, key=first.get)


def on_metrics(method, dataset):
    """A method of RCAEval on metrics. With a name for the data set it drops columns that were constant before, such as a counter of
    losses that was 0; with none it keeps them, and `time` as well, which is no answer."""

    def run(metrics, began, _traces):
        ranks = method(metrics.copy(), began, dataset=dataset)["ranks"]
        return [node for node in ranks if node != "time"]

    return run


def on_traces(method):
    """A method of RCAEval on traces. It takes whole seconds, so that times are stretched a thousandfold."""

    def run(_metrics, began, traces):
        with tempfile.TemporaryDirectory() as folder:
            stretched = pandas.read_csv(traces)
            stretched["startTime"] = (stretched["startTime"] * 1000).astype("int64")
            stretched.to_csv(Path(folder) / "traces.csv", index=False)
            args = types.SimpleNamespace(data_path=str(Path(folder) / "data.csv"))
            return method(None, int(began * 1000), args=args)["ranks"]

    return run


def methods():
    out = {
        "largest change wins": lambda metrics, began, _: largest_change(metrics, began),
        "first change wins": lambda metrics, began, _: first_change(metrics, began),
    }
    try:
        from RCAEval.e2e import baro, circa, microrank, nsigma, tracerca
    except ImportError as error:
        print(f"RCAEval is left out: {error}", file=sys.stderr)
        return out
    for name, method in [("nsigma", nsigma), ("BARO", baro), ("CIRCA", circa)]:
        out[f"{name}, all columns"] = on_metrics(method, None)
        out[f"{name}, as by default"] = on_metrics(method, "x")
    out["TraceRCA"] = on_traces(tracerca)
    out["MicroRank"] = on_traces(microrank)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    evaluation = json.loads((directory / "cases.json").read_text())
    cases = list(known(evaluation["cases"]))
    print(f"{len(cases)} cases of the {evaluation['set']} set, seed {evaluation['seed']}\n")
    print("| method | right service first | of | failed |\n|---|---|---|---|")
    named = [case["answer"][0] for case, _, _ in cases if case["answer"]]
    ours = sum(
        bool(case["answer"]) and case["answer"][0]["confidence"] >= 0.5 and case["answer"][0]["service"] in right
        for case, right, _ in cases
    )
    assert len(named) <= len(cases)
    print(f"| `spanfate why`, all witnesses, not told when | {ours} | {len(cases)} | 0 |")
    chance = sum(len(right) / 3 for _, right, _ in cases)
    print(f"| who guesses | {chance:.1f} | {len(cases)} | |")
    for name, method in methods().items():
        hits, failed = 0, 0
        for case, right, began in cases:
            place = directory / f"case-{case['number']:04}"
            metrics = pandas.read_csv(place / "metrics.csv")
            try:
                ranks = method(metrics, began, place / "traces.csv")
                hits += bool(ranks) and service(ranks[0]) in right
            except Exception as error:  # whatever another's method does with a case, the next one counts
                failed += 1
                print(f"{name}, case {case['number']}: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"| {name} | {hits} | {len(cases)} | {failed} |", flush=True)


if __name__ == "__main__":
    main()
