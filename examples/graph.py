"""A graph of a model's layers."""

import diorama

graph = diorama.Graph()
graph.add_node(id="input", class_name="InputLayer", output_shape=[None, 28, 28, 1])
before = "input"
for number in range(3):
    block = f"conv_{number}"
    graph.add_node(id=block, class_name="Conv2D", num_parameters=9 * 32 * 32)
    graph.add_edge(before, block)
    graph.add_node(id=f"add_{number}", class_name="Add")
    graph.add_edge(block, f"add_{number}")
    graph.add_edge(before, f"add_{number}", name="skip")
    before = f"add_{number}"
graph.add_node(id="dense", class_name="Dense", num_parameters=7840, is_output=True)
graph.add_edge(before, "dense")

with diorama.init(project="examples", name="graph") as run:
    run.log({"model": graph})
print(graph)
