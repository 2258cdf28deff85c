"""LightGBM needs the system's OpenMP library, which a bare machine may lack: lend it another.

scikit-learn's wheel brings the same library under a name of its own. Run as
`python -m riskmodel.openmp` while the environment is set up.
"""

import ctypes
import importlib.util
from pathlib import Path


def missing() -> bool:
    """Return True where the system lacks GCC's OpenMP library."""
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return True
    return False


def lend() -> str:
    """Puts scikit-learn's copy beside LightGBM's own library, under the name that it asks for.

    LightGBM's library is told by `patchelf` to look in its own folder too. Returns what was done.
    """
    if not missing():
        return "OpenMP: the system's"
    import subprocess
    import sys

    packages = Path(str(importlib.util.find_spec("sklearn").origin)).parents[1]  # type: ignore[union-attr]
    (found,) = (packages / "scikit_learn.libs").glob("libgomp-*.so*")
    library = packages / "lightgbm" / "lib" / "lib_lightgbm.so"
    lent = library.with_name("libgomp.so.1")
    lent.write_bytes(found.read_bytes())
    patchelf = str(Path(sys.executable).with_name("patchelf"))
    subprocess.run([patchelf, "--set-soname", "libgomp.so.1", str(lent)], check=True)
    subprocess.run([patchelf, "--set-rpath", "$ORIGIN", str(library)], check=True)
    return "OpenMP: lent from scikit-learn"


if __name__ == "__main__":
    print(lend())
