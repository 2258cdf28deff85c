"""What leaves to a bank: whole, never overwritten, inside its folder, harmless to open."""

import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import ChecksFailed, DataError, MachineError, RiskModelError, SettingsError
from riskmodel.features.attributes import attribute_definitions
from riskmodel.publish import bank_files
from riskmodel.publish.bank_files import publish_bank
from riskmodel.publish.csv import csv_text, escape_formulas
from riskmodel.publish.publication import Publication, PublicationFacts
from riskmodel.publish.report import markup
from riskmodel.publish.rows import PUBLISHED, published_table, report_rows

AS_OF = date(2014, 7, 1)


def published(rows: pd.DataFrame, facts: PublicationFacts, folder: Path) -> Publication:
    return publish_bank(rows, bank="north_bank", as_of=AS_OF, folder=folder, facts=facts)


def test_a_publication_holds_four_files_whose_hashes_the_manifest_carries(
    north_rows, facts, tmp_path
) -> None:
    made = published(north_rows, facts, tmp_path)
    assert made.folder == tmp_path / "north_bank" / "2014-07-01" / "r1"
    names = {"limits.parquet", "limits.csv", "report.html"}
    assert {path.name for path in made.folder.iterdir()} == names | {"manifest.json"}
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == made.manifest
    assert manifest["sha256"] == {
        name: hashlib.sha256((made.folder / name).read_bytes()).hexdigest() for name in names
    }
    assert (manifest["row_count"], manifest["offers"], manifest["difference"]) == (3, 2, None)
    assert manifest["sums"] == {"limit_cny": 800_000.0, "expected_loss_cny": 3651.86}


def test_manifest_and_report_count_the_agreements_that_the_run_leaves_out(
    north_rows, facts, tmp_path
) -> None:
    made = published(north_rows, replace(facts, agreements_left_out=1234), tmp_path)
    page = (made.folder / "report.html").read_text("utf-8")
    assert made.manifest["agreements_left_out"] == 1234
    assert "banks that are no part of this run: 1,234." in page


def test_the_parquet_has_the_contracts_columns_dates_as_dates_and_rounded_money(north_rows) -> None:
    table = published_table(north_rows)
    assert table.column_names == list(PUBLISHED)
    assert table.schema.field("as_of").type == pa.date32()
    first = table.to_pylist()[0]
    assert (first["as_of"], first["expected_loss_cny"]) == (AS_OF, 1851.86)
    assert first["pd_12m"] == 0.012346
    assert table.to_pylist()[2]["annual_rate"] is None


def test_a_second_run_of_the_month_makes_r2_with_the_difference(
    north_rows, facts, tmp_path
) -> None:
    published(north_rows, facts, tmp_path)
    moved = north_rows.assign(
        enterprise_id=["A1", "C3", "D4"],
        decision=["offer", "offer", "offer"],
        limit_cny=[400_000.0, 100_000.0, 50_000.0],
    )
    made = published(moved, replace(facts, run_id="another"), tmp_path)
    assert made.revision == 2
    assert made.manifest["difference"] == {
        "previous": {
            "as_of": "2014-07-01",
            "revision": 1,
            "run": "2014-07-01-demo-0a1b",
            "attempt": 1,
            "model_version": "3",
        },
        "enterprises_added": 1,
        "enterprises_gone": 1,
        "limit_raised": 1,
        "limit_lowered": 1,
        "decision_changed": 1,
        "limit_change_cny": -250_000.0,
    }


def test_the_first_revision_of_a_month_is_compared_with_the_latest_earlier_month(
    north_rows, facts, tmp_path
) -> None:
    published(north_rows, facts, tmp_path)
    published(north_rows, replace(facts, attempt=2), tmp_path)
    later = date(2014, 10, 1)
    made = publish_bank(
        north_rows.assign(as_of=pd.Timestamp(later)),
        bank="north_bank",
        as_of=later,
        folder=tmp_path,
        facts=facts,
    )
    before = made.manifest["difference"]["previous"]
    assert (made.revision, before["as_of"], before["revision"]) == (1, "2014-07-01", 2)


def test_the_tenth_revision_follows_the_ninth(north_rows, facts, tmp_path) -> None:
    for attempt in range(1, 12):
        made = published(north_rows, replace(facts, attempt=attempt), tmp_path)
    assert made.revision == 11


def test_a_resumed_attempt_is_returned_as_it_is(north_rows, facts, tmp_path) -> None:
    first = published(north_rows, facts, tmp_path)
    assert published(north_rows, facts, tmp_path) == first
    assert [path.name for path in first.folder.parent.glob("*")] == ["r1"]


def test_the_same_input_gives_the_same_bytes_in_any_order_of_rows(
    north_rows, facts, tmp_path
) -> None:
    one = published(north_rows, facts, tmp_path / "one").folder
    two = published(north_rows.iloc[::-1], facts, tmp_path / "two").folder
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()


def test_a_crash_leaves_nothing_that_looks_published(
    north_rows, facts, tmp_path, monkeypatch
) -> None:
    def broken(*_: object) -> str:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(bank_files, "report_html", broken)
        with pytest.raises(MachineError, match="r1: disk full"):
            published(north_rows, facts, tmp_path)
    dated = tmp_path / "north_bank" / "2014-07-01"
    assert list(dated.iterdir()) == []
    (dated / ".r1-4711").mkdir()  # a killed process had no time to clean up
    made = published(north_rows, facts, tmp_path)
    assert [path.name for path in dated.iterdir()] == [made.folder.name] == ["r1"]


@pytest.mark.parametrize("bank", ["", "../evil", "North", "a/b", "x" * 33, "a\n", "."])
def test_a_bank_whose_name_could_leave_the_folder_is_refused(
    bank, north_rows, facts, tmp_path
) -> None:
    rows = north_rows.assign(bank=bank)
    with pytest.raises(SettingsError, match="banks: the name"):
        publish_bank(rows, bank=bank, as_of=AS_OF, folder=tmp_path / "out", facts=facts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("as_of", ["../../x", "2014-07-01", datetime(2014, 7, 1)])
def test_what_is_no_plain_date_cannot_name_a_folder(as_of, north_rows, facts, tmp_path) -> None:
    with pytest.raises(SettingsError, match="is not a date"):
        publish_bank(north_rows, bank="north_bank", as_of=as_of, folder=tmp_path, facts=facts)


def test_a_bank_or_date_folder_that_is_a_link_is_refused(north_rows, facts, tmp_path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "north_bank").symlink_to(elsewhere)
    (tmp_path / "two" / "north_bank").mkdir(parents=True)
    (tmp_path / "two" / "north_bank" / "2014-07-01").symlink_to(elsewhere)
    for name in ("one", "two"):
        with pytest.raises(SettingsError, match="is a link"):
            published(north_rows, facts, tmp_path / name)
    assert list(elsewhere.iterdir()) == []


def test_rows_of_another_bank_are_never_written(north_rows, facts, tmp_path) -> None:
    mixed = north_rows.assign(bank=["north_bank", "south_bank", "north_bank"])
    with pytest.raises(RiskModelError, match="1 rows are another bank's"):
        published(mixed, facts, tmp_path)


def test_an_enterprise_stands_once(north_rows, facts, tmp_path) -> None:
    with pytest.raises(RiskModelError, match="1 rows repeat an enterprise"):
        published(north_rows.assign(enterprise_id=["A1", "A1", "C3"]), facts, tmp_path)


def test_a_failed_verdict_is_published_only_with_a_reason_that_the_report_shows(
    north_rows, facts, tmp_path
) -> None:
    failed = replace(facts, verdict="fail")
    with pytest.raises(ChecksFailed, match="1 of 2 checks failed, nothing was published: calib"):
        published(north_rows, failed, tmp_path)
    assert not (tmp_path / "north_bank").exists()
    made = published(north_rows, replace(failed, override_reason="board's decision"), tmp_path)
    assert made.manifest["override_reason"] == "board's decision"
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    assert "Reason given: board&#x27;s decision" in page


def test_a_previous_publication_that_was_altered_is_not_compared_with(
    north_rows, facts, tmp_path
) -> None:
    first = published(north_rows, facts, tmp_path)
    pq.write_table(pa.table({"a": [1]}), first.folder / "limits.parquet")
    with pytest.raises(DataError, match="differs from its manifest"):
        published(north_rows, replace(facts, attempt=2), tmp_path)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\rx", "\x00x", "  =1", "\u00a0=1", "＝1"]
)
def test_a_text_that_could_run_in_a_spreadsheet_gets_an_apostrophe(text) -> None:
    assert escape_formulas(pd.Series([text])).iloc[0].startswith("'")


def test_a_harmless_text_stays_as_it_is_and_a_line_break_becomes_a_blank() -> None:
    texts = pd.Series(["A-1", "a=b", "深圳", "two\r\nlines", None])
    assert escape_formulas(texts).fillna("").to_list() == ["A-1", "a=b", "深圳", "two lines", ""]


def test_the_csv_is_read_back_with_ids_marked_and_money_to_two_decimals(north_rows) -> None:
    rows = north_rows.assign(enterprise_id=["=cmd()", 'a "quoted", id', "007"])
    text = csv_text(published_table(rows))
    assert text.startswith("\ufeff")
    read = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["enterprise_id"] for row in read] == ["'=cmd()", 'a "quoted", id', "007"]
    assert [row["limit_cny"] for row in read] == ["500000.00", "300000.00", "0.00"]
    assert [row["annual_rate"] for row in read] == ["0.120000", "0.100000", ""]
    assert (read[0]["as_of"], read[0]["reason_text_zh"]) == ("2014-07-01", "买家减少")


def test_a_column_called_like_a_formula_or_like_html_stands_in_no_file_as_one(
    book, reasons, facts
) -> None:
    (column,) = attribute_definitions({"=1+1<script>\nx": "number"})
    own = reasons.assign(family=column.family, text_en=f"{column.texts[0]}: high")
    rows = report_rows(book, own, facts=facts)
    read = list(csv.DictReader(io.StringIO(csv_text(published_table(rows)).removeprefix("\ufeff"))))
    assert read[0]["reason_text_en"].startswith("'=1+1<script> x: high")
    assert read[0]["reason_1"].startswith("attribute_=1+1<script> x~")
    assert str(markup.words(rows["reason_text_en"].iloc[0])).startswith(
        "=1+1&lt;script&gt; x: high"
    )


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_report_escapes_every_text_has_no_script_and_no_outside_address(
    north_rows, facts, tmp_path
) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=y>'
    rows = north_rows.assign(enterprise_id=[evil, "B2", "C3"], grade=evil, reason_1=evil)
    strange = replace(facts, limitations=(evil,), headline={evil: evil}, policy={evil: evil})
    page = (published(rows, strange, tmp_path).folder / "report.html").read_text(encoding="utf-8")
    parsed = _Page()
    parsed.feed(page)
    assert parsed.open == []
    assert {"script", "img", "link", "iframe"}.isdisjoint(parsed.tags)
    assert evil in parsed.texts
    assert not re.search(r"(https?:)?//[a-z]|url\(|@import", page)


def test_the_report_says_what_a_credit_officer_asks(north_rows, facts, tmp_path) -> None:
    page = (published(north_rows, facts, tmp_path).folder / "report.html").read_text("utf-8")
    parsed = _Page()
    parsed.feed(page)
    said = " ".join(parsed.texts)
    for words in (
        "800,000",  # total limit
        "3,652",  # expected loss
        "11.25%",  # (500 x .12 + 300 x .10) / 800
        "too few exports",
        "出口额不足",
        "The economy is fictional.",
        "Lines up to one year only.",
        "0.77 (0.73 to 0.81)",
        "passed with conditions",
        "valid until 2014-08-01",
        "caps.ratio",
        "eligibility.1.min_value",
        "first publication",
    ):
        assert words in said


def test_the_report_says_what_the_banks_own_rows_held_and_what_more_of_them_would_earn(
    north_rows, facts, tmp_path
) -> None:
    part = pd.DataFrame(
        {
            "constraint": ["bank_budget", "bank_loss_cap", "sector_share", "sector_share"],
            "segment": ["", "", "toys", "shoes"],
            "capacity_cny": [800_000.0, 10_000.0, 300_000.0, 300_000.0],
            "used_cny": [800_000.0, 3_651.86, 300_000.0, 500.0],
            "shadow_price": [0.0312, 0.0, 0.01, 0.0],
        }
    )
    made = publish_bank(
        north_rows, bank="north_bank", as_of=AS_OF, folder=tmp_path, facts=facts, constraints=part
    )
    published_names = {"constraint": "row", "segment": "key", "shadow_price": "price"}
    assert made.manifest["part"] == part.rename(columns=published_names).to_dict("records")
    page = (made.folder / "report.html").read_text("utf-8")
    assert "The budget is used to 100%" in page
    # a hundredth of 800,000 at .0312
    assert "would have earned the programme about 250 CNY more a year" in page
    assert "预期损失上限已使用37%" in page
    assert "A little more of it would have earned nothing." in page
    assert "sector toys" in page
    assert "shoes" not in page


def test_a_large_book_shows_a_thousand_rows_and_says_where_the_rest_is(
    north_rows, facts, tmp_path
) -> None:
    many = pd.concat([north_rows.iloc[[2]]] * 1001, ignore_index=True)
    many = many.assign(enterprise_id=[f"E{number:04d}" for number in range(1001)])
    page = (published(many, facts, tmp_path).folder / "report.html").read_text("utf-8")
    assert "1,000 of 1,001 rows" in page
    assert "E0999" in page
    assert "E1000" not in page


def test_a_bank_without_any_row_gets_an_empty_book(north_rows, facts, tmp_path) -> None:
    made = published(north_rows.iloc[:0], facts, tmp_path)
    assert (made.manifest["row_count"], made.manifest["sums"]["limit_cny"]) == (0, 0.0)


def test_a_decline_names_its_failed_rules_before_the_models_reasons(book, reasons, facts) -> None:
    rows = report_rows(book, reasons, facts=facts)
    assert list(rows.columns) == list(PUBLISHED)
    assert rows["enterprise_id"].to_list() == ["A1", "B2"]
    codes = rows[["reason_1", "reason_2", "reason_3", "reason_4"]].fillna("").to_numpy().tolist()
    assert codes == [["trade", "lenders", "", ""], ["exports", "deals", "trade", "lenders"]]
    assert rows["reason_text_en"].to_list() == [
        "fewer buyers; late payments",
        "too few exports; too few deals; fewer buyers; late payments",
    ]
    assert rows["reason_text_zh"].to_list()[1] == "出口额不足; 交易笔数不足; 买家减少; 逾期"


def test_a_decline_without_a_failed_rule_names_what_the_book_decided(book, reasons, facts) -> None:
    decided = book.assign(
        refusals="",
        binding_constraint=["ceiling", "bank_budget", "agreement"],
        refusal_text_en=["", "the budget is spent", ""],
        refusal_text_zh=["", "预算已用完", ""],
    )
    row = report_rows(decided, reasons, facts=facts).iloc[1]
    assert (row["reason_1"], row["reason_2"]) == ("bank_budget", "trade")
    assert row["reason_text_en"].startswith("the budget is spent; fewer buyers")


def test_an_enterprise_without_any_reason_has_empty_texts(book, reasons, facts) -> None:
    row = report_rows(book, reasons[reasons["enterprise_id"] == "B2"], facts=facts).iloc[0]
    assert row["reason_text_en"] == ""
    assert pd.isna(row["reason_1"])
