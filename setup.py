"""Build the compiled extension: `python setup.py build_ext --inplace`, or as part of `pip install -e .`.

It is compiled for the processor of this machine, with the fastest of the flags below that the compiler takes.
The environment variable CS231N_FLAGS replaces them, for example by "-O2 -march=x86-64-v3".
"""

import os
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError

try:
    from Cython.Build import cythonize
except ImportError:
    raise SystemExit("Cython is needed to build the extension: pip install cython") from None

# No -ffast-math: NaN and infinity have to come through.
FLAGS = {
    "unix": ["-O3", "-march=native", "-ffp-contract=fast", "-fopenmp"],
    "msvc": ["/O2", "/fp:contract", "/openmp"],
}


class Build(build_ext):
    """build_ext with the flags that the compiler at hand takes."""

    def build_extensions(self):
        given = os.environ.get("CS231N_FLAGS")
        known = FLAGS.get(self.compiler.compiler_type, [])
        flags = [flag for flag in known if self._takes(flag)] if given is None else given.split()
        for extension in self.extensions:
            extension.extra_compile_args = flags
            extension.extra_link_args = [flag for flag in flags if flag.startswith(("-fopenmp", "-fsanitize"))]
        super().build_extensions()

    def _takes(self, flag):
        """Tell whether a program compiles and links with this flag."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "empty.c")
            source.write_text("int main(void) { return 0; }\n")
            link = [flag] if flag == "-fopenmp" else []
            try:
                objects = self.compiler.compile([str(source)], folder, extra_postargs=[flag])
                self.compiler.link_executable(objects, str(Path(folder, "empty")), extra_postargs=link)
            except (CompileError, LinkError):
                return False
        return True


extensions = cythonize("cs231n/im2col_cython.pyx")
for extension in extensions:
    extension.sources += sorted(map(str, Path("cs231n/kernels").glob("*.c")))
    extension.depends = sorted(map(str, Path("cs231n/kernels").glob("*.h")))
    extension.optional = True  # without a working compiler the build goes on, and cs231n uses NumPy instead

setup(ext_modules=extensions, cmdclass={"build_ext": Build})
