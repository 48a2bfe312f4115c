"""The read side: what was logged, back in Python.

api = diorama.Api()
for run in api.runs("digits", order="-summary.accuracy"):
    print(run.name, run.config["lr"], run.summary["accuracy"])
picture = next(api.run("digits/3k9x0a1b").scan_history(keys=["example"]))["example"].array
"""

from diorama.api.api import Api, Runs
from diorama.api.loaded import LoadedMedia
from diorama.api.run import ApiFile, ApiRun

__all__ = ["Api", "ApiFile", "ApiRun", "LoadedMedia", "Runs"]
