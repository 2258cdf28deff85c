"""Reviews: never from a day to come, of one programme each, and a log that only says what it can."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from riskmodel.errors import DataError, NotApproved, RiskModelError, UsageError
from riskmodel.registry import review, versions
from riskmodel.runs import tracking

pytestmark = pytest.mark.slow

SAID = {"by": "reviewer one", "reason": "checks read"}
OURS = {
    "programme": "export_credit",
    "population": "lines",
    "horizon_months": "12",
    "days_past_due": "90",
    "tiers": "doubtful loss substandard",
}
CONTEST = {
    "programme": "cumcm2020c",
    "population": "outcomes",
    "horizon_months": "ever",
    "days_past_due": "given",
    "tiers": "given",
}
DAY = date(2014, 7, 1)


@pytest.fixture
def registered(root: Path, script: Path, registration):
    """Registers a version that is for this; its number."""
    run_id = tracking.start_run(root, "try", {}, {})
    (root / "experiments" / "policy.toml").write_text('name = "export_credit"\n', "utf-8")

    def made(fingerprint: str, **purpose: str) -> str:
        return versions.register(root, run_id, registration(fingerprint, **purpose), script=script)

    return made


def log(root: Path) -> Path:
    return root / "experiments" / "reviews.jsonl"


def test_a_review_from_a_day_to_come_is_refused_and_moves_nothing(root: Path, registered) -> None:
    version = registered("one", **OURS)
    tomorrow = date.today() + timedelta(days=1)
    for day in (tomorrow, date(2099, 1, 1)):
        for decide in (review.approve, review.reject):
            with pytest.raises(UsageError, match="is after today"):
                decide(root, version, **SAID, on=day)
    assert review.reviews(root) == []
    assert versions.aliases(root) == {}
    assert review.approve(root, version, **SAID, on=date.today()).version == version


def test_a_record_of_a_day_to_come_binds_no_later_review(
    root: Path, registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = registered("one", **OURS), registered("two", **OURS)
    with monkeypatch.context() as patch:
        patch.setattr(review, "today", lambda: date(2099, 1, 1))
        review.approve(root, first, **SAID, on=date(2099, 1, 1))
    assert review.version_in_force(root, date.today()) is None

    review.approve(root, second, **SAID, on=date.today())

    assert review.version_in_force(root, date.today()) == second
    assert versions.aliases(root) == {"champion": second}


def test_a_version_for_another_programme_cannot_take_the_alias_of_this_one(
    root: Path, registered
) -> None:
    ours, contests = registered("one", **OURS), registered("two", **CONTEST)
    review.approve(root, ours, **SAID, on=DAY)

    with pytest.raises(NotApproved, match=r"version 2 is for the programme 'cumcm2020c', not"):
        review.approve(root, contests, **SAID, on=DAY)

    assert versions.aliases(root) == {"champion": ours}
    assert len(review.reviews(root)) == 1


def test_programmes_live_side_by_side_in_one_registry_and_one_log(root: Path, registered) -> None:
    ours, contests = registered("one", **OURS), registered("two", **CONTEST)
    review.approve(root, ours, **SAID, on=date(2020, 8, 1))
    # a day before the other programme's last review: each has its own history
    review.approve(root, contests, **SAID, on=DAY, programme="cumcm2020c")

    assert review.version_in_force(root, DAY) is None
    assert review.version_in_force(root, DAY, "cumcm2020c") == contests
    assert review.version_in_force(root, date(2020, 8, 1)) == ours
    assert versions.aliases(root) == {"champion": ours, "champion_cumcm2020c": contests}
    review.reject(root, contests, **SAID, on=DAY)
    assert versions.aliases(root) == {"champion": ours}
    assert review.version_in_force(root, DAY, "cumcm2020c") is None
    assert versions.versions(root)["programme"].tolist() == ["cumcm2020c", "export_credit"]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("horizon_months", "6"),
        ("population", "applicants"),
        ("days_past_due", "30"),
        ("tiers", "loss"),
    ],
)
def test_a_version_for_another_outcome_waits_until_the_one_in_force_is_rejected(
    part: str, text: str, root: Path, registered
) -> None:
    first, other = registered("one", **OURS), registered("two", **OURS | {part: text})
    review.approve(root, first, **SAID, on=DAY)

    with pytest.raises(NotApproved, match=f"{part} {text} instead of {OURS[part]}"):
        review.approve(root, other, **SAID, on=DAY)

    review.reject(root, first, **SAID, on=DAY)
    assert review.approve(root, other, **SAID, on=DAY).programme == "export_credit"


def test_a_version_that_does_not_say_what_it_is_for_is_approved_for_no_named_programme(
    root: Path, registered
) -> None:
    version = registered("one")
    with pytest.raises(NotApproved, match="version 1 is for none by name"):
        review.approve(root, version, **SAID, on=DAY)


def test_records_of_before_programmes_were_kept_stay_readable_with_their_hashes(
    root: Path, registered
) -> None:
    registered("one", **OURS)
    old = {
        "number": 1,
        "action": "approve",
        "version": "1",
        "by": "reviewer one",
        "reason": "checks read",
        "on": "2014-07-01",
        "fingerprint": "one",
        "previous": "0" * 64,
    }
    old["hash"] = _hash_of_the_first_release(old)
    log(root).write_text(json.dumps(old) + "\n", "utf-8")

    (known,) = review.reviews(root)
    assert (known.version, known.programme, known.hash) == ("1", "", old["hash"])
    assert review.version_in_force(root, DAY, "") == "1"
    assert review.version_in_force(root, DAY) is None
    second = review.approve(root, "1", **SAID, on=DAY)
    assert second.previous == old["hash"]
    assert review.version_in_force(root, DAY) == "1"
    assert log(root).read_text("utf-8").splitlines()[0] == json.dumps(old)


def _hash_of_the_first_release(record: dict[str, object]) -> str:
    import hashlib

    content = {key: value for key, value in record.items() if key != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def test_a_record_whose_programme_was_changed_is_noticed(root: Path, registered) -> None:
    review.approve(root, registered("one", **OURS), **SAID, on=DAY)
    for other in ("", "cumcm2020c"):
        record = json.loads(log(root).read_text("utf-8")) | {"programme": other}
        whole = log(root).read_bytes()
        log(root).write_text(json.dumps(record) + "\n", "utf-8")
        with pytest.raises(DataError, match="record 1 of 1"):
            review.version_in_force(root, DAY)
        log(root).write_bytes(whole)


@pytest.mark.parametrize("reason", ["read\u2028twice", "read\x85twice", "read\x0btwice", "读过"])
def test_a_reason_may_hold_any_letter_and_the_log_stays_readable(
    reason: str, root: Path, registered
) -> None:
    version = registered("one", **OURS)
    review.approve(root, version, by="reviewer one", reason=reason, on=DAY)
    assert review.reviews(root)[0].reason == reason
    assert review.version_in_force(root, DAY) == version


def test_a_reason_that_is_no_text_is_refused_and_leaves_the_log_alone(
    root: Path, registered
) -> None:
    version = registered("one", **OURS)
    with pytest.raises(UsageError, match="not UTF-8"):
        review.approve(root, version, by="reviewer one", reason="\udcff", on=DAY)
    assert review.reviews(root) == []


@pytest.mark.parametrize(
    "found",
    [
        b"\xff\xfe\x00",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b"\n",
        b"7\n",
        b'{"number": 1',
        b"[" * 100_000 + b"\n",
        b'{"number": [1], "action": 2}\n',
        b"\x00" * 50,
    ],
)
def test_a_log_that_is_not_what_was_written_is_told_and_nothing_counts_as_approved(
    found: bytes, root: Path
) -> None:
    log(root).write_bytes(found)
    with pytest.raises(DataError, match=r"reviews\.jsonl: .*Restore the log"):
        review.version_in_force(root, DAY)


def test_a_log_cut_anywhere_is_told_or_is_a_shorter_log(root: Path, registered) -> None:
    version = registered("one", **OURS)
    review.approve(root, version, **SAID, on=DAY)
    review.reject(root, version, **SAID, on=DAY)
    whole = log(root).read_bytes()
    for end in range(0, len(whole), 7):
        log(root).write_bytes(whole[:end])
        try:
            assert len(review.reviews(root)) in (0, 1, 2)
        except DataError as error:
            assert "is not what was written" in str(error)


def test_a_log_that_is_a_folder_is_told(root: Path) -> None:
    log(root).mkdir()
    with pytest.raises(DataError, match="not readable"):
        review.version_in_force(root, DAY)


def test_what_was_deleted_in_mlflow_is_told_or_mended(root: Path, registered) -> None:
    first, second, third = (registered(name, **OURS) for name in ("one", "two", "three"))
    for version in (first, second):
        review.approve(root, version, **SAID, on=DAY)
    with tracking.connect_store(root) as mlflow:
        client = mlflow.MlflowClient()
        client.delete_registered_model_alias("default-risk", "champion")
        client.delete_model_version("default-risk", first)
    # the challenger is gone: the review is recorded, and only versions that are there take aliases
    review.approve(root, third, **SAID, on=DAY)
    assert versions.aliases(root) == {"champion": third, "challenger": second}
    with pytest.raises(UsageError, match="no version '1' among 2"):
        review.approve(root, first, **SAID, on=DAY)
    with tracking.connect_store(root) as mlflow:
        mlflow.MlflowClient().delete_registered_model("default-risk")
    assert versions.versions(root).empty
    with pytest.raises(UsageError, match="no version '3' among 0"):
        review.describe_version(root, third)


def test_a_version_that_was_registered_by_hand_is_listed_and_not_approved(
    root: Path, registered
) -> None:
    registered("one", **OURS)
    with tracking.connect_store(root) as mlflow:
        mlflow.MlflowClient().create_model_version("default-risk", "file:///nowhere")
    assert review.list_versions(root)["version"].tolist() == ["2", "1"]
    for act in (
        lambda: review.approve(root, "2", **SAID, on=DAY),
        lambda: review.describe_version(root, "2"),
    ):
        with pytest.raises(UsageError, match="was not registered by riskmodel"):
            act()
    with pytest.raises(RiskModelError) as said:
        versions.load_version(root, "2")
    assert said.value.exit_code == 3


def files_of(root: Path, version: str) -> Path:
    with tracking.connect_store(root) as mlflow:
        uri = mlflow.MlflowClient().get_model_version_download_uri("default-risk", version)
        return Path(mlflow.artifacts.download_artifacts(f"{uri}/artifacts/files"))


def test_files_of_a_version_that_were_lost_or_are_no_text_are_told_and_registered_anew(
    root: Path, registered
) -> None:
    version = registered("one", **OURS)
    kept = files_of(root, version)
    (kept / "booster.txt").write_bytes(b"\xff\xfe trees")
    with pytest.raises(DataError, match="version 1: its files are not UTF-8"):
        versions.load_version(root, version)
    shutil.rmtree(kept)
    with pytest.raises(DataError, match="version 1: its files are not all there"):
        versions.load_version(root, version)
    assert registered("one", **OURS) == "2"
    assert registered("one", **OURS) == "2"


@pytest.mark.parametrize("spoil", [lambda path: path.mkdir(), lambda path: path.symlink_to("x")])
def test_a_lock_that_is_no_plain_file_is_told(spoil, root: Path, registered) -> None:
    version = registered("one", **OURS)
    spoil(root / "experiments" / ".reviews.lock")
    with pytest.raises(DataError, match=r"\.reviews\.lock: (Is a directory|Too many levels)"):
        review.approve(root, version, **SAID, on=DAY)
