"""Build the compiled extension: `python setup.py build_ext --inplace`, or as part of `pip install -e .`."""

from setuptools import setup

try:
    from Cython.Build import cythonize
except ImportError:
    raise SystemExit("Cython is needed to build the extension: pip install cython") from None

extensions = cythonize("cs231n/im2col_cython.pyx")
for extension in extensions:
    extension.optional = True  # without a working compiler the build goes on, and cs231n uses NumPy instead

setup(ext_modules=extensions)
