"""The kernel of executed notebooks: this very interpreter, whatever the machine calls python3."""

import sys
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from traitlets import default


class _ThisKernel(KernelSpecManager):
    """Answers with `sys.executable` where a user's own kernelspec might name another Python."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The specification, for any name."""
        launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        # errors only: on every start it warns that it speaks TCP, here to this machine alone
        launch.append("--log-level=40")
        # the debugger warns of frozen modules on every start; nobody debugs here
        quiet = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        return KernelSpec(argv=launch, display_name=kernel_name, language="python", env=quiet)


class ThisInterpreter(AsyncKernelManager):
    """A kernel manager that only starts the interpreter it runs in."""

    @default("kernel_spec_manager")
    def _only_this(self) -> Any:
        return _ThisKernel(parent=self)
