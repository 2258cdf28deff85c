"""The canonical tables: sources fill them, features read them. The data dictionary prints them."""

from collections.abc import Mapping
from types import MappingProxyType

from riskmodel.tables.codes import BANK_NAME, COUNTRIES, CURRENCIES
from riskmodel.tables.declared import (
    Column,
    Table,
    code,
    day,
    flag,
    identifier,
    integer,
    money,
    number,
    text,
)

ENTERPRISE_ID = identifier("enterprise_id", "the enterprise")
KNOWN_AT = Column("known_at", "instant", "when the platform first held the row; naive means UTC")
KNOWN_AT_OR_ALWAYS = Column(
    "known_at", "instant", "when the platform first held the row; absent: always", optional=True
)
WITHDRAWN = flag("withdrawn", "the row of this key is taken back from `known_at` on")
TIMES = (KNOWN_AT, WITHDRAWN)
BANK = text("bank", "a bank of the programme", optional=False, pattern=BANK_NAME)
MONTH = day("month", "first day of the month reported; the record speaks of that month's end")

_TABLES = (
    Table(
        "enterprises",
        "who exports: the register",
        ("enterprise_id",),
        "",
        (
            ENTERPRISE_ID,
            day("registered_on", "date of registration", optional=True),
            text("province", "province of the seat"),
            text("sector", "main sector"),
            code("kind", "what it is", "manufacturer trader service person"),
            integer("employees", "people employed", "people"),
            KNOWN_AT_OR_ALWAYS,
            WITHDRAWN,
        ),
    ),
    Table(
        "declarations",
        "customs export declarations",
        ("declaration_id",),
        "declared_on",
        (
            identifier("declaration_id", "the declaration"),
            ENTERPRISE_ID,
            day("declared_on", "date of the declaration"),
            money(
                "fob_usd", "FOB value; below zero: a return", "USD", optional=False, negative=True
            ),
            code("status", "cancelled declarations count for nothing", "released cancelled"),
            flag("via_platform", "shipped through the platform"),
            code("trade_mode", "customs trade mode", "general processing ecommerce other"),
            text("transport_mode", "sea, air, rail, road, post"),
            text("hs_code", "goods, HS code as text: leading zeros matter"),
            code("destination", "country of destination", COUNTRIES),
            identifier("buyer_id", "the foreign buyer", optional=True),
            code("settlement", "way of payment", "TT LC DP DA OA"),
            integer("terms_days", "days until payment is due", "days"),
            code("currency", "currency of the contract", CURRENCIES),
            money("amount", "value in `currency`", "currency units", negative=True),
            number("quantity", "goods shipped, in `unit`", "`unit`", negative=True),
            text("unit", "unit of quantity"),
            *TIMES,
        ),
    ),
    Table(
        "receipts",
        "money received from abroad",
        ("receipt_id",),
        "received_on",
        (
            identifier("receipt_id", "the receipt"),
            ENTERPRISE_ID,
            day("received_on", "date of receipt"),
            money("amount_usd", "amount received", "USD", optional=False),
            identifier("declaration_id", "the declaration it pays; may match none", optional=True),
            identifier("payer_id", "who paid; not always the buyer", optional=True),
            *TIMES,
        ),
    ),
    Table(
        "purchases",
        "purchase invoices",
        ("invoice_id",),
        "invoiced_on",
        (
            identifier("invoice_id", "the invoice"),
            ENTERPRISE_ID,
            day("invoiced_on", "date of the invoice"),
            money("amount_cny", "net amount; below zero: a return", optional=False, negative=True),
            identifier("supplier_id", "the supplier", optional=True),
            money("tax_cny", "value added tax", negative=True),
            code("status", "void invoices count for nothing", "valid void"),
            *TIMES,
        ),
    ),
    Table(
        "refunds",
        "tax refunds on exports",
        ("refund_id",),
        "claimed_on",
        (
            identifier("refund_id", "the claim"),
            ENTERPRISE_ID,
            day("claimed_on", "date of the claim"),
            money("amount_cny", "amount claimed", optional=False),
            identifier("declaration_id", "the declaration it belongs to", optional=True),
            day("paid_on", "date of payment; null: not yet", optional=True),
            *TIMES,
        ),
    ),
    Table(
        "bank_records",
        "month-end accounts at other lenders and the bureau; the programme's own lines are not here",
        ("enterprise_id", "lender", "account_id", "month"),
        "month",
        (
            ENTERPRISE_ID,
            identifier("lender", "who reports"),
            identifier("account_id", "the account at that lender"),
            MONTH,
            code("product", "what kind of account", "loan overdraft guarantee card deposit"),
            money("limit_cny", "credit limit"),
            money("balance_cny", "month-end balance; below zero: overdrawn", negative=True),
            money("lowest_cny", "lowest balance of the month", negative=True),
            money("due_cny", "due in the month"),
            money("paid_cny", "paid in the month"),
            money("inflow_cny", "money that came in"),
            money("outflow_cny", "money that went out"),
            money("overdue_cny", "overdue at month end"),
            integer("days_past_due", "days past due at month end", "days"),
            code("tier", "five-tier class", "normal special_mention substandard doubtful loss"),
            *TIMES,
        ),
    ),
    Table(
        "inquiries",
        "credit inquiries at the bureau",
        ("inquiry_id",),
        "inquired_on",
        (
            identifier("inquiry_id", "the inquiry"),
            ENTERPRISE_ID,
            identifier("lender", "who asked"),
            day("inquired_on", "date of the inquiry"),
            code("reason", "why", "application review other"),
            *TIMES,
        ),
    ),
    Table(
        "agreements",
        "three-party cooperation agreements: enterprise, platform, bank",
        ("enterprise_id", "bank", "signed_on"),
        "signed_on",
        (
            ENTERPRISE_ID,
            BANK,
            day("signed_on", "date of signature"),
            day("ended_on", "date of the end; null: in force", optional=True),
            *TIMES,
        ),
    ),
    Table(
        "applications",
        "applications for a line of the programme",
        ("application_id",),
        "applied_on",
        (
            identifier("application_id", "the application"),
            ENTERPRISE_ID,
            BANK,
            day("applied_on", "date of the application"),
            money("asked_cny", "amount asked for"),
            code("decision", "the bank's decision", "accept decline withdrawn"),
            day("decided_on", "date of the decision", optional=True),
            text("reason", "the bank's reason"),
            flag("overridden", "the bank departed from the recommendation"),
            *TIMES,
        ),
    ),
    Table(
        "lines",
        "the programme's credit lines; a renewal is a new line of the same enterprise",
        ("line_id",),
        "granted_on",
        (
            identifier("line_id", "the line"),
            ENTERPRISE_ID,
            BANK,
            day("granted_on", "date of the grant"),
            money("limit_cny", "the limit", optional=False),
            day("expires_on", "date of expiry; it counts after it while drawn", optional=True),
            number("annual_rate", "price", "yearly fraction"),
            flag("randomised", "the limit was set by experiment"),
            *TIMES,
        ),
    ),
    Table(
        "line_months",
        "each line's month-end state",
        ("line_id", "month"),
        "month",
        (
            identifier("line_id", "the line"),
            MONTH,
            Column("days_past_due", "integer", "days past due at month end", "days"),
            money("drawn_cny", "drawn at month end"),
            money("due_cny", "due in the month"),
            money("paid_cny", "paid in the month"),
            money("written_off_cny", "written off in the month"),
            money("recovered_cny", "recovered in the month"),
            *TIMES,
        ),
    ),
    Table(
        "fx_rates",
        "daily exchange rates",
        ("on", "currency"),
        "on",
        (
            day("on", "the day"),
            code("currency", "the currency", CURRENCIES, optional=False),
            number("usd_per_unit", "US dollars for one unit", "USD", optional=False),
        ),
        timed=False,
    ),
    Table(
        "outcomes",
        "labels that a source gives itself",
        ("enterprise_id", "as_of"),
        "as_of",
        (
            ENTERPRISE_ID,
            day("as_of", "the day from which the outcome was watched"),
            flag("defaulted", "whether it defaulted; null: unknown"),
            day("observed_until", "the last day watched"),
            day("defaulted_on", "the day of default", optional=True),
            integer("horizon_months", "months watched; null: ever, as far as seen", "months"),
        ),
        timed=False,
    ),
    Table(
        "attributes",
        "any further columns of an enterprise: numbers, booleans or text; null is information",
        ("enterprise_id",),
        "",
        (ENTERPRISE_ID, *TIMES),
        open_columns=True,
    ),
)

CANONICAL: Mapping[str, Table] = MappingProxyType({table.name: table for table in _TABLES})
"""Every canonical table by name, in the contract's order."""

HISTORY = (
    "declarations",
    "receipts",
    "purchases",
    "refunds",
    "bank_records",
    "inquiries",
    "attributes",
)
"""The tables of which a source folder holds at least one."""
