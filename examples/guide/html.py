"""W&B's guide, HTML: from a file, from text, without our style; only the import is changed."""

import diorama as wandb

with open("some.html", "w") as file:
    file.write("<h1>A report</h1><p>It went well.</p>")

with wandb.init(project="examples") as run:
    run.log({"custom_file": wandb.Html(open("some.html"))})
    run.log({"custom_string": wandb.Html('<a href="https://mysite">Link</a>')})
    run.log({"custom_plain": wandb.Html(open("some.html"), inject=False)})
