"""Build the compiled extension: as part of `pip install -e .`, or by `python setup.py build_ext --inplace`.

Its kernels are compiled once for each of the levels below that the compiler takes. When it is imported, it takes
the highest level that the processor has. The environment variable CS231N_FLAGS replaces the flags that all levels
share, for example by "-O1 -g -fopenmp -fsanitize=address".
"""

import os
import tempfile
from pathlib import Path

import setuptools
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError

INSTALL = "python -m pip install --no-deps -e ."  # pip gets what the build needs, and builds
if int(setuptools.__version__.split(".")[0]) < 77:  # as pyproject.toml has it
    raise SystemExit(f"setuptools is {setuptools.__version__}, expected 77 or newer; instead, run: {INSTALL}")
try:
    from Cython.Build import cythonize
except ImportError:
    raise SystemExit(f"Cython is needed to build the extension; it is not installed. Run: {INSTALL}") from None

# No -ffast-math: NaN and infinity have to come through.
FLAGS = {
    "unix": ["-O3", "-ffp-contract=fast", "-fopenmp"],
    "msvc": ["/O2", "/fp:contract", "/openmp"],
}
# The instructions of each level above the lowest, one by one as kernels/dispatch.c asks for them, and the
# processor to tune the code for: without it, GCC makes the pools three times as slow.
LEVELS = {
    "x86_64_v3": ("-mavx2 -mfma -mbmi2", "-mtune=haswell"),
    "x86_64_v4": ("-mavx2 -mfma -mbmi2 -mavx512f -mavx512bw -mavx512dq -mavx512vl", "-mtune=skylake-avx512"),
}
WIDE = "-mprefer-vector-width=512"  # without it, clang splits the vectors of the last level
KERNELS = Path("cs231n/kernels")


class Build(build_ext):
    """build_ext with the flags that the compiler at hand takes, and the kernels of each level."""

    def build_extension(self, extension):
        built, sources = Path(self.get_ext_fullpath(extension.name)), [*extension.sources, *extension.depends]
        fresh = built.is_file() and all(built.stat().st_mtime > Path(one).stat().st_mtime for one in sources)
        if self.force or not fresh:
            self._build_kernels(extension)
        super().build_extension(extension)

    def _build_kernels(self, extension):
        """Compile the kernels for each level, and tell dispatch.c which levels there are."""
        given = os.environ.get("CS231N_FLAGS")
        known = FLAGS.get(self.compiler.compiler_type, [])
        shared = [flag for flag in known if self._takes([flag])] if given is None else given.split()
        extension.extra_compile_args = shared
        extension.extra_link_args = [flag for flag in shared if flag.startswith(("-fopenmp", "-fsanitize"))]
        levels = {"lowest": []}
        if self.compiler.compiler_type == "unix":
            levels |= {name: " ".join(flags).split() for name, flags in LEVELS.items()}
            if self._is_clang():
                levels["x86_64_v4"].append(WIDE)
        for name, flags in levels.items():
            if not self._takes(flags):
                continue
            extension.extra_objects += self.compiler.compile(
                [str(KERNELS / "level.c")],
                output_dir=str(Path(self.build_temp, name)),
                macros=[("LEVEL", f"kernels_{name}")],
                extra_postargs=shared + flags,
            )
            extension.define_macros.append((f"WITH_{name.upper()}", None))

    def _is_clang(self):
        """Tell whether the compiler is clang, under whatever name."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "clang.c")
            source.write_text("#ifndef __clang__\n#error\n#endif\n")
            try:
                return bool(self.compiler.compile([str(source)], folder))
            except CompileError:
                return False

    def _takes(self, flags):
        """Tell whether a program compiles and links with these flags."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "empty.c")
            source.write_text("int main(void) { return 0; }\n")
            try:
                objects = self.compiler.compile([str(source)], folder, extra_postargs=flags)
                link = ["-fopenmp"] if "-fopenmp" in flags else []
                self.compiler.link_executable(objects, str(Path(folder, "empty")), extra_postargs=link)
            except (CompileError, LinkError):
                return False
        return True


# A wheel of the compiled part alone has a module of its own, and nothing of the package around it.
NAME = "cs231n.im2col_cython" if Path("cs231n/__init__.py").is_file() else "cs231n_kernels"
extensions = cythonize([setuptools.Extension(NAME, ["cs231n/im2col_cython.pyx"])])
for extension in extensions:
    extension.sources.append(str(KERNELS / "dispatch.c"))
    extension.depends = sorted(map(str, [*KERNELS.glob("*.h"), KERNELS / "level.c"]))
    extension.optional = True  # without a working compiler the build goes on, and cs231n uses NumPy instead

setuptools.setup(ext_modules=extensions, cmdclass={"build_ext": Build})
