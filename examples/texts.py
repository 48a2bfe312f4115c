"""Text, Markdown and code over steps; a conversation as a list."""

import io

import diorama

CODE = "def loss(x, y):\n    return ((x - y) ** 2).mean()\n"

with diorama.init(project="examples", name="texts") as run:
    for step in range(5):
        accuracy = step / 5
        run.log(
            {
                "answer": diorama.Text(f"I am {accuracy:.0%} sure that this is a cat.", caption="assistant"),
                "report": diorama.Markdown(
                    f"# Step {step}\n\n| metric | value |\n|---|---:|\n| accuracy | {accuracy} |"
                ),
                "conversation": [
                    diorama.Text("What do you see?", caption="user"),
                    diorama.Markdown(f"A *cat*, at {accuracy:.0%}.", caption="assistant"),
                ],
                "code": diorama.Text(io.StringIO(CODE), language="python"),
                "long": diorama.Text("\n".join(f"line {number} of step {step}" for number in range(10_000))),
            }
        )
print("5 steps of text")
