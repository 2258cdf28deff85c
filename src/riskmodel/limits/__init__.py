"""Limits: who may have a line, how large, at what price, and from which bank."""

from riskmodel.limits.behaviour.fit import Behaviour, fit_behaviour
from riskmodel.limits.book import Book, Certificate
from riskmodel.limits.breaches import find_breaches
from riskmodel.limits.decide import DecisionRule
from riskmodel.limits.economics import Terms
from riskmodel.limits.fixed_ratio import fixed_ratio_rule
from riskmodel.limits.horizon import convert_to_twelve_months
from riskmodel.limits.policy import Bank, Banks, Policy, banks_from, policy_from
from riskmodel.limits.recommend import recommend, take_up_curve

__all__ = [
    "Bank",
    "Banks",
    "Behaviour",
    "Book",
    "Certificate",
    "DecisionRule",
    "Policy",
    "Terms",
    "banks_from",
    "convert_to_twelve_months",
    "find_breaches",
    "fit_behaviour",
    "fixed_ratio_rule",
    "policy_from",
    "recommend",
    "take_up_curve",
]
