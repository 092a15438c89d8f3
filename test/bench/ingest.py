"""DuckDB's part of the ingest benchmark: python ingest.py FILE THREADS.

Reads user_id,item_id,timestamp, numbers users and items in the order of their ids, and takes the rows sorted
by user and time as NumPy arrays. Prints one JSON line.
"""

import json
import resource
import sys
import time

import duckdb

file, threads = sys.argv[1:]
began = time.perf_counter()
connection = duckdb.connect(config={"threads": threads})
connection.execute(
    "CREATE TABLE rows AS SELECT * FROM read_csv(?, header = true, all_varchar = true)", [file]
)
for name in ("user", "item"):
    connection.execute(
        f"CREATE TABLE {name}s AS SELECT {name}_id, row_number() OVER (ORDER BY {name}_id) - 1 AS number "
        f"FROM (SELECT DISTINCT {name}_id FROM rows)"
    )
arrays = connection.execute(
    "SELECT users.number::INTEGER AS user, items.number::INTEGER AS item, timestamp::DOUBLE AS time "
    "FROM rows JOIN users USING (user_id) JOIN items USING (item_id) ORDER BY 1, 3"
).fetchnumpy()
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
result = {"milliseconds": round(1000 * seconds), "peakMegabytes": peak, "interactions": len(arrays["user"])}
print(json.dumps({**result, "version": duckdb.__version__}))
