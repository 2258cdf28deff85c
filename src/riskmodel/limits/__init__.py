"""Limits: who may have a line, how large, at what price, and from which bank."""

from riskmodel.limits.behaviour.fit import Learnt, learn
from riskmodel.limits.book import Book, Certificate
from riskmodel.limits.breaches import breaches
from riskmodel.limits.decide import Month
from riskmodel.limits.economics import Terms
from riskmodel.limits.fixed_ratio import plain_rule
from riskmodel.limits.horizon import twelve_month
from riskmodel.limits.policy import Bank, Banks, Policy, banks_from, policy_from
from riskmodel.limits.recommend import curve_of, recommend

__all__ = [
    "Bank",
    "Banks",
    "Book",
    "Certificate",
    "Learnt",
    "Month",
    "Policy",
    "Terms",
    "banks_from",
    "breaches",
    "curve_of",
    "learn",
    "plain_rule",
    "policy_from",
    "recommend",
    "twelve_month",
]
