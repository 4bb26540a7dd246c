"""Reads the tables of a run with whatever library is installed, and prints exact figures as JSON.

One object: library to figures, or to null where it is not installed. Sums are decimal text.
"""

import decimal
import json
import sys

decimal.getcontext().prec = 76

VALUES = {
    "deficit": "deficit_recognised",
    "insurance_fund": "insurance_drawn",
    "deleveraged": "deficit_deleveraged",
    "socialised": "loss_socialised",
    "uncovered": "loss_uncovered",
    "reduced_notional": "position_reduced",
    "deleveraged_notional": "deleveraged",
}


def text(value):
    return format(decimal.Decimal(0 if value is None else value), "f")


def duckdb(run):
    import duckdb as library

    def ask(table, what, where="true"):
        query = f"select {what} from read_parquet(?) where {where}"
        return library.execute(query, [f"{run}/{table}.parquet"]).fetchone()[0]

    figures = {key: text(ask("effects", "sum(value)", f"kind = '{kind}'")) for key, kind in VALUES.items()}
    figures["rows"] = ask("effects", "count(*)")
    figures["started"] = ask("effects", "count(*)", "kind = 'liquidation_started'")
    figures["first_nanos"] = ask("effects", "epoch_ns(min(timestamp))")
    figures["adjusted_equity"] = text(ask("liquidations", "sum(adjusted_equity)"))
    return figures


def polars(run):
    import polars as library

    effects = library.read_parquet(f"{run}/effects.parquet")
    liquidations = library.read_parquet(f"{run}/liquidations.parquet")

    def total(column):
        return text(sum((value for value in column if value is not None), decimal.Decimal(0)))

    kinds = effects["kind"].cast(library.String)
    figures = {key: total(effects.filter(kinds == kind)["value"]) for key, kind in VALUES.items()}
    figures["rows"] = effects.height
    figures["started"] = int((kinds == "liquidation_started").sum())
    figures["first_nanos"] = effects["timestamp"].dt.timestamp("ns").min()
    figures["adjusted_equity"] = total(liquidations["adjusted_equity"])
    return figures


def pandas(run):
    import pandas as library

    effects = library.read_parquet(f"{run}/effects.parquet")
    liquidations = library.read_parquet(f"{run}/liquidations.parquet")

    def total(column):
        return text(sum(column.dropna(), decimal.Decimal(0)))

    figures = {key: total(effects[effects["kind"] == kind]["value"]) for key, kind in VALUES.items()}
    figures["rows"] = len(effects)
    figures["started"] = int((effects["kind"] == "liquidation_started").sum())
    figures["first_nanos"] = int(effects["timestamp"].min().value)
    figures["adjusted_equity"] = total(liquidations["adjusted_equity"])
    return figures


def pyarrow(run):
    import pyarrow.compute as compute
    import pyarrow.parquet as parquet

    effects = parquet.read_table(f"{run}/effects.parquet")
    liquidations = parquet.read_table(f"{run}/liquidations.parquet")
    kinds = effects["kind"].cast("string")

    def total(column):
        return text(sum((one for one in column.to_pylist() if one is not None), decimal.Decimal(0)))

    figures = {
        key: total(effects.filter(compute.equal(kinds, kind))["value"]) for key, kind in VALUES.items()
    }
    figures["rows"] = effects.num_rows
    figures["started"] = compute.sum(compute.equal(kinds, "liquidation_started")).as_py()
    figures["first_nanos"] = compute.min(effects["timestamp"].cast("int64")).as_py()
    figures["adjusted_equity"] = total(liquidations["adjusted_equity"])
    return figures


def main():
    answers = {}
    for read in (duckdb, polars, pandas, pyarrow):
        try:
            answers[read.__name__] = read(sys.argv[1])
        except ImportError:
            answers[read.__name__] = None
    print(json.dumps(answers))


main()
