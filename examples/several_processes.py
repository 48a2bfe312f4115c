"""Several processes log to one run: forked workers, each with its own journal."""

import multiprocessing
import os

import diorama


def work(number: int) -> None:
    for step in range(5):
        diorama.log({f"worker {number}/progress": step, f"worker {number}/pid": os.getpid()}, step=step)


if __name__ == "__main__":
    with diorama.init(project="examples", name="several processes") as run:
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=work, args=(number,)) for number in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        run.log({"workers": len(workers)})
