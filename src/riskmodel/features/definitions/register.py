"""Features on the register."""

from riskmodel.features.spec import category, feature, latest, months_from

TABLE = "enterprises"

DEFINITIONS = (
    feature(
        "age_months", "months", "falls", TABLE,
        months_from("registered_on"),
        ("Age of the enterprise", "企业成立年限"), family="age",
    ),
    feature(
        "employees", "people", "falls", TABLE,
        latest("employees"),
        ("People employed", "员工人数"), family="register",
    ),
    feature(
        "kind", "kind", "none", TABLE,
        category("kind"),
        ("Kind of enterprise", "企业类型"), family="register",
    ),
    feature(
        "sector", "sector", "none", TABLE,
        category("sector"),
        ("Sector", "所属行业"), family="register",
    ),
    feature(
        "province", "province", "none", TABLE,
        category("province"),
        ("Province of the seat", "所在省份"), family="register", model=False,
    ),
)  # fmt: skip
