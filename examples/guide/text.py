"""W&B's guide, text in tables: both methods, and a data frame; only the import is changed."""

import pandas as pd

import diorama as wandb

with wandb.init(project="examples") as run:
    columns = ["Text", "Predicted Sentiment", "True Sentiment"]
    data = [["I love my phone", "1", "1"], ["My phone sucks", "0", "-1"]]
    table = wandb.Table(data=data, columns=columns)
    run.log({"examples": table})

    table = wandb.Table(columns=columns)
    table.add_data("I love my phone", "1", "1")
    table.add_data("My phone sucks", "0", "-1")
    run.log({"examples": table})

    my_dataframe = pd.DataFrame(data, columns=columns)
    run.log({"frame": wandb.Table(dataframe=my_dataframe)})
