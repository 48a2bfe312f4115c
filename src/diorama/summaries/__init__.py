"""What a run says about itself in short: one implementation for the training process and for the store.

paths.py     how a value inside nested dicts is named
rules.py     what define_metric asked for
fold.py      one session's values, in the order in which they were logged and set
overlay.py   several sessions of a run, laid over each other: the newest on top
"""
