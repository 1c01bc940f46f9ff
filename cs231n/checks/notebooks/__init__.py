"""Checking what a student wrote in a notebook, with a framework: PyTorch.ipynb or TensorFlow.ipynb.

`program` takes the code out of a notebook. `pytorch` and `tensorflow` stand beside it in the subject's process and
translate: the checks send and get NumPy arrays in the layout of cs231n, whichever framework it is.
`frameworks` is the other end, which leads the checks there.
"""
