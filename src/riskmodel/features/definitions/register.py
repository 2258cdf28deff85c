"""Cards on the register."""

from riskmodel.features.spec import Card, category, latest, months_from

TABLE = "enterprises"

CARDS = (
    Card(
        "age_months", "months", "falls", TABLE,
        months_from("registered_on"),
        ("Age of the enterprise", "企业成立年限"), "age",
    ),
    Card(
        "employees", "people", "falls", TABLE,
        latest("employees"),
        ("People employed", "员工人数"), "register",
    ),
    Card(
        "kind", "kind", "none", TABLE,
        category("kind"),
        ("Kind of enterprise", "企业类型"), "register",
    ),
    Card(
        "sector", "sector", "none", TABLE,
        category("sector"),
        ("Sector", "所属行业"), "register",
    ),
    Card(
        "province", "province", "none", TABLE,
        category("province"),
        ("Province of the seat", "所在省份"), "register", model=False,
    ),
)  # fmt: skip
