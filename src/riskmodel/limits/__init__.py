"""Limits: who may have a line, how large, at what price, and from which bank."""

from riskmodel.limits.book import Book, Certificate
from riskmodel.limits.horizon import twelve_month
from riskmodel.limits.plain import plain_rule
from riskmodel.limits.policy import Bank, Banks, Policy, banks_from, policy_from
from riskmodel.limits.recommend import recommend

__all__ = [
    "Bank",
    "Banks",
    "Book",
    "Certificate",
    "Policy",
    "banks_from",
    "plain_rule",
    "policy_from",
    "recommend",
    "twelve_month",
]
