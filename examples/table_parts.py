"""A table whose parts were made apart, such as by several workers."""

import pandas as pd

import diorama

parts = []
for worker in range(3):
    frame = pd.DataFrame({"worker": worker, "number": range(4), "square": [n * n for n in range(4)]})
    parts.append(diorama.Table(dataframe=frame))

with diorama.init(project="examples", name="table parts") as run:
    run.log({"all": diorama.PartitionedTable(parts, names=[f"worker {number}" for number in range(3)])})

loaded = diorama.Api().run(f"examples/{run.id}").summary["all"]
print(len(loaded.rows()), "rows")
print(loaded.get_dataframe().groupby("worker")["square"].sum())
