"""Root-cause methods of others on the cases of `spanfate why --evaluate`.

    python3.12 -m venv /tmp/rca && . /tmp/rca/bin/activate
    pip install -r docs/baselines/requirements.txt && pip install --no-deps RCAEval==1.8.1
    python docs/baselines/baselines.py DIR

DIR is the directory of an evaluation. Each method gets metrics.csv and traces.csv of a case, and the time at which the fault began,
which `why` is not told. Methods that only want a service are scored by the service that they name first, and so is `why` beside them.
Cases count that `why` is scored for, on three services, whose fault acts at some of them and has a beginning.
"""

import argparse
import contextlib
import io
import json
import math
import sys
import warnings
from pathlib import Path

import numpy
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


def independent(metrics):
    """What a test of conditional independence can be asked of: it needs a correlation matrix that can be inverted, so that columns that
    never change are left out, and a thousandth of a column's own deviation, always the same, keeps columns apart that are each other's
    copies."""
    chance = numpy.random.default_rng(1)
    out = metrics[["time"]].copy()
    for column in metrics.columns.drop("time"):
        spread = metrics[column].std()
        if spread > 0:
            out[column] = metrics[column] + chance.normal(0, spread / 1000, len(metrics))
    return out


def on_independent(method):
    """A method of RCAEval that tests columns for independence. Where it fails it hands back the columns in their order; that is no answer."""

    def run(metrics, began, _traces):
        answer = method(independent(metrics), began, dataset=None)
        if not len(answer["adj"]):
            raise ValueError("no graph of its columns was found")
        return [node for node in answer["ranks"] if node != "time"]

    return run


def on_traces(method):
    """A method of RCAEval on traces, which it takes as a table, with times in microseconds. It rounds to hundredths of a millisecond, of which
    a span here takes less: all times are stretched a thousandfold."""

    def run(_metrics, began, traces):
        stretched = pandas.read_csv(traces)
        for column in ["startTime", "duration"]:
            stretched[column] = (stretched[column] * 1000).astype("int64")
        answer = method(stretched, began * 1e9)
        if answer is None:
            raise ValueError("it does not rank these traces")
        return answer["ranks"]

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
    for name, method in [("nsigma", nsigma), ("BARO", baro)]:
        out[f"{name}, all columns"] = on_metrics(method, None)
        out[f"{name}, as by default"] = on_metrics(method, "x")
    out["CIRCA, columns that change"] = on_independent(circa)
    out["TraceRCA"] = on_traces(tracerca)
    out["MicroRank"] = on_traces(microrank)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    # What was asked again later has the answers by metrics and traces alone, too.
    again = directory / "again.json"
    evaluation = json.loads((again if again.is_file() else directory / "cases.json").read_text())
    cases = list(known(evaluation["cases"]))
    print(f"{len(cases)} cases of the {evaluation['set']} set, seed {evaluation['seed']}\n")
    print("| method | right service first | of | failed |\n|---|---|---|---|")
    ours = sum(
        bool(case["answer"]) and case["answer"][0]["confidence"] >= 0.5 and case["answer"][0]["service"] in right
        for case, right, _ in cases
    )
    print(f"| `spanfate why`, all witnesses, not told when | {ours} | {len(cases)} | 0 |")
    asked = [(case["outside"], right) for case, right, _ in cases if case.get("outside") is not None]
    alone = sum(bool(answer) and answer[0]["service"] in right for answer, right in asked)
    print(f"| `spanfate why`, metrics and traces alone, not told when | {alone} | {len(asked)} | {len(cases) - len(asked)} |")
    chance = sum(len(right) / 3 for _, right, _ in cases)
    print(f"| who guesses | {chance:.1f} | {len(cases)} | |")
    for name, method in methods().items():
        hits, failed = 0, 0
        for case, right, began in cases:
            place = directory / f"case-{case['number']:04}"
            metrics = pandas.read_csv(place / "metrics.csv")
            try:
                # Some print as they go.
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    ranks = method(metrics, began, place / "traces.csv")
                hits += bool(ranks) and service(ranks[0]) in right
            except Exception as error:  # whatever another's method does with a case, the next one counts
                failed += 1
                print(f"{name}, case {case['number']}: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"| {name} | {hits} | {len(cases)} | {failed} |", flush=True)


if __name__ == "__main__":
    main()
