"""Benchmarks of the features: generated trade, and what a user would pick instead."""

from riskmodel.benchmarks.features.benchmark import CONTENDERS, bench_features, bench_task
from riskmodel.benchmarks.features.task import Contender, Task
from riskmodel.benchmarks.features.trade_data import trade_folder

__all__ = ["CONTENDERS", "Contender", "Task", "bench_features", "bench_task", "trade_folder"]
