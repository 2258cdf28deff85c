"""The allocation: at most one bank and level an enterprise, under the constraints, with a certificate."""

from riskmodel.limits.allocation.options import Options
from riskmodel.limits.allocation.solver import Allocation, allocate

__all__ = ["Allocation", "Options", "allocate"]
