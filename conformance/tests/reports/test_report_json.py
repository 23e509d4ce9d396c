"""report.json: complete, of its published shape, written whole, and read back as it was."""

import json
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator

from conformance.errors import ReportCutShortError, ReportError
from conformance.model.verdict import Verdict
from conformance.places import fixtures_root
from conformance.report import (
    decode_result,
    encode_result,
    load_report,
    make_directory,
    point_latest,
    report_schema,
    write_report,
)


def test_report_reads_back_as_it_was_written(report_of, some, tmp_path):
    """Nothing of a report is lost or changed on its way through the file."""
    report = report_of(
        some.result(), some.failure(version="v1alpha3"), some.error(), faults=("ignores_weights",)
    )
    write_report(report, tmp_path)
    assert load_report(tmp_path / "report.json") == report


@pytest.mark.parametrize("kind", ["result", "failure", "error"])
def test_result_crosses_as_plain_json(some, kind):
    """A result survives JSON, which is what crosses between xdist's processes."""
    result = getattr(some, kind)()
    assert decode_result(json.loads(json.dumps(encode_result(result)))) == result


def test_published_schema_is_the_one_the_code_writes():
    """The schema in the fixtures is generated, and the types have not moved on without it."""
    published = json.loads((fixtures_root() / "report.schema.json").read_text())
    assert published == report_schema()


def test_written_report_has_the_published_shape(report_of, some, tmp_path):
    """A report passes its own schema, with every kind of result in it."""
    write_report(report_of(some.result(), some.failure(), some.error()), tmp_path)
    data = json.loads((tmp_path / "report.json").read_text())
    assert list(Draft202012Validator(report_schema()).iter_errors(data)) == []


@pytest.mark.parametrize("field", ["complete", "verdicts", "results", "requirements"])
def test_schema_misses_what_is_left_out(report_of, some, tmp_path, field):
    """The schema is no rubber stamp: a report without a field does not pass it."""
    write_report(report_of(some.result()), tmp_path)
    data = json.loads((tmp_path / "report.json").read_text())
    del data[field]
    assert not Draft202012Validator(report_schema()).is_valid(data)


def test_report_says_first_whether_it_is_complete_and_what_was_found(report_of, some, tmp_path):
    """A script needs to read no further than the top."""
    write_report(report_of(some.result(), some.failure(), complete=False, selected=5), tmp_path)
    data = json.loads((tmp_path / "report.json").read_text())
    assert list(data)[:3] == ["schema", "complete", "verdicts"]
    assert data["complete"] is False
    assert data["verdicts"] == {"passed": 1, "failed": 1, "unsupported": 0, "inconclusive": 0, "errored": 0}


def test_lengths_of_time_carry_their_unit_in_the_key(report_of, some, tmp_path):
    """A number of seconds is called so."""
    write_report(report_of(some.result(duration=timedelta(minutes=1.5))), tmp_path)
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["results"][0]["duration_seconds"] == 90


def test_report_cut_short_is_an_error_of_its_own(report_of, some, tmp_path):
    """Half a file is not half a report."""
    write_report(report_of(some.result()), tmp_path)
    path = tmp_path / "report.json"
    path.write_text(path.read_text()[:-200])
    with pytest.raises(ReportCutShortError, match="run the suite again"):
        load_report(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "no report of schema 1"),
        ('{"schema": 2}', "says 2"),
        ('{"schema": 1, "requirements": [], "shown_by": {}}', "no field 'run_id'"),
    ],
)
def test_file_that_is_no_report_is_told_apart(tmp_path, text, words):
    """What is whole JSON and no report says which part is wrong."""
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(ReportError, match=words):
        load_report(path)


def test_verdict_nobody_knows_is_refused(report_of, some, tmp_path):
    """An unknown verdict is never read as one of ours."""
    write_report(report_of(some.result()), tmp_path)
    path = tmp_path / "report.json"
    path.write_text(path.read_text().replace('"verdict": "passed"', '"verdict": "fine"'))
    with pytest.raises(ReportError, match="results\\[0\\]"):
        load_report(path)


def test_missing_report_is_a_report_error(tmp_path):
    """A path without a report is told in words."""
    with pytest.raises(ReportError, match=r"name a report\.json"):
        load_report(tmp_path / "report.json")


def test_report_that_cannot_be_written_leaves_the_old_one(report_of, some, tmp_path, monkeypatch):
    """A disk that fills up does not cost the old report, and no half of the new one is left."""
    write_report(report_of(some.result()), tmp_path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ReportError, match="No space left on device"):
        write_report(report_of(some.failure()), tmp_path)
    assert load_report(tmp_path / "report.json").run.results[0].verdict is Verdict.PASSED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]


def test_directory_that_cannot_be_made_is_a_report_error(tmp_path):
    """A file where the directory should be is told before anything runs."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(ReportError, match="--smi-report"):
        make_directory(tmp_path / "taken" / "report")


def test_latest_leads_to_the_newest_report(tmp_path):
    """The link moves on with each run."""
    for name in ("one", "two"):
        make_directory(tmp_path / name)
        point_latest(tmp_path / name)
    assert (tmp_path / "latest").resolve() == tmp_path / "two"
