"""Log where there is no store to talk to, and bring it in later with `diorama sync`."""

import subprocess
import sys

import diorama

run = diorama.init(project="examples", name="offline", mode="offline")
for step in range(20):
    run.log({"loss": 1 / (step + 1)})
run.finish()

subprocess.run([sys.executable, "-m", "diorama", "sync"], check=True)
print(diorama.Api().run(f"examples/{run.id}").summary["loss"])
