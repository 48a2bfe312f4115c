"""Logs a film twice: at two steps of one run. Arguments: the film, and the id of the run."""

from __future__ import annotations

import sys

import diorama

run = diorama.init(project="films", id=sys.argv[2])
film = diorama.Video(sys.argv[1])
run.log({"film": film})
run.log({"film": film})
run.finish()
