#!/usr/bin/env python3
"""Writes the rows of `TestWorld::plain(40)` again, as others write Parquet. Needs duckdb, pyarrow and polars.

    cargo run -p spanfate-diff --example stores -- /tmp/rows 40 && harness/diff/tests/stores/parquet/others.py /tmp/rows/rows.parquet
"""

import sys
from pathlib import Path

import duckdb
import polars
import pyarrow.parquet as pq

here = Path(__file__).parent
ours = sys.argv[1]

table = pq.read_table(ours)
con = duckdb.connect()
rows = f"(SELECT * FROM read_parquet('{ours}'))"
con.execute(f"COPY {rows} TO '{here}/duckdb-snappy.parquet' (FORMAT parquet)")
con.execute(f"COPY {rows} TO '{here}/duckdb-gzip.parquet' (FORMAT parquet, COMPRESSION gzip)")
pq.write_table(
    table, here / "pyarrow-gzip.parquet", compression="gzip", row_group_size=60, data_page_size=100, write_batch_size=10
)
pq.write_table(table, here / "pyarrow-v2-zstd.parquet", compression="zstd", data_page_version="2.0", row_group_size=90)
pq.write_table(table, here / "pyarrow-plain.parquet", compression="none", use_dictionary=False)

ids = ["trace_id", "span_id", "parent_span_id"]
text = polars.read_parquet(ours).with_columns(polars.col(name).bin.encode("hex") for name in ids)
text.write_parquet(here / "polars-text.parquet", compression="zstd")
