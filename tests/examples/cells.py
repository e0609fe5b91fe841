"""A notebook as a script: editors run its cells one by one in a kernel, and Python from top to bottom."""

# %% A plain loop, which the kernel's running event loop does not disturb
import aiollm
from aiollm.integrations.notebook import show

MODEL = "openai/gpt-4o"
question = [{"role": "user", "content": "Why is the sky blue?"}]

for chunk in aiollm.completion(MODEL, question, stream=True):
    print(chunk.choices[0].delta.content or "", end="")
print()

# %% An answer as Markdown below its cell, as it comes; as text where there is no notebook
answer = show(aiollm.completion(MODEL, question, stream=True))

# %% Many questions, with a bar below the cell
for result in aiollm.map_sync(["Why is grass green?", "Why is snow white?"], MODEL):
    print(result.text)
