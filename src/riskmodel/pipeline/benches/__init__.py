"""Benchmarks of the features: generated trade, and what a user would pick instead."""

from riskmodel.pipeline.benches.apart import Contender
from riskmodel.pipeline.benches.features import CONTENDERS, bench_features, bench_task
from riskmodel.pipeline.benches.task import Task
from riskmodel.pipeline.benches.trade_data import trade_folder

__all__ = ["CONTENDERS", "Contender", "Task", "bench_features", "bench_task", "trade_folder"]
