"""Build the compiled extension: `python setup.py build_ext --inplace`, or as part of `pip install -e .`."""

from setuptools import Extension, setup

try:
    from Cython.Build import cythonize
except ImportError:
    raise SystemExit("Cython is needed to build the extension: pip install cython") from None

# optional: without a working compiler the build goes on, and cs231n uses NumPy instead.
extension = Extension("cs231n.im2col_cython", ["cs231n/im2col_cython.pyx"], optional=True)

setup(ext_modules=cythonize([extension]))
