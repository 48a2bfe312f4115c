"""Predictions as a table: pictures in typed columns, rows that grow with the steps, two tables joined."""

import numpy as np

import diorama

rng = np.random.default_rng(0)
classes = ["circle", "square", "star"]

with diorama.init(project="examples", name="tables") as run:
    hard = diorama.Table(columns=["step", "picture", "loss"], log_mode="INCREMENTAL")
    for step in range(5):
        table = diorama.Table(columns=["id", "picture", "guess", "score"])
        for number in range(20):
            picture = diorama.Image(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8), sample_id=f"s{number}")
            table.add_data(f"s{number}", picture, classes[number % 3], rng.random())
            if number == step:
                hard.add_data(step, picture, 1.5 / (step + 1))
        run.log({"predictions": table, "hard cases": hard})  # of `hard`, only the new rows are stored

    truth = diorama.Table(columns=["id", "label"], data=[[f"s{n}", classes[n % 2]] for n in range(20)])
    run.log({"checked": diorama.JoinedTable(table, truth, "id")})

saved = diorama.Api().run(f"examples/{run.id}")
for number, row in saved.table("predictions", step=0).iterrows():
    if number < 3:
        print(row[0], row[2], round(row[3], 2), row[1].array.shape)
print(len(saved.table("hard cases")), "hard cases")
