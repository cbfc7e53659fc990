"""What compiled programs cost, counted in what XLA made of them; no device is needed for it.

`targets` are the devices that can be compiled for, `programs` a config's step, evaluation and
predict compiled for one; `hlo` reads what came out, `kernels` says which kernels it executes how
often, `fusions` and `custom_calls` what one moves and computes, `roofline` how long that takes at
best, `report` all of it as a table and as JSON.
"""
