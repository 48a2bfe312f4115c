"""The demo: real data, real learning, no download (`diorama demo`)."""

PROJECT = "digit-scenes"
