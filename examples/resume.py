"""Go on with a run: steps continue, the config is there, nothing is overwritten."""

import diorama

with diorama.init(project="examples", name="resumed", config={"lr": 0.1}) as run:
    for _ in range(10):
        run.log({"loss": 1.0})

with diorama.init(project="examples", id=run.id, resume="must") as again:
    print(f"going on at step {again.step} with {dict(again.config)}")
    for _ in range(10):
        again.log({"loss": 0.5})
