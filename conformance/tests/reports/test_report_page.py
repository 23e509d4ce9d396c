"""report.html: one page that needs nothing else and leaves nothing out."""

import re
from html.parser import HTMLParser

import pytest

from conformance.model.verdict import Verdict
from conformance.report.page import render_page


class Page(HTMLParser):
    """What a reader, or a browser, finds in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def values(self, name: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(name))]


@pytest.fixture
def page_of(report_of):
    def make(*results, **given):
        return Page(render_page(report_of(*results, **given)))

    return make


def test_page_loads_nothing_and_runs_nothing(page_of, some):
    """The page has neither script nor image nor style sheet nor an address on the network."""
    page = page_of(some.result(), some.failure())
    assert not {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "object"}
    outside = [value for value in page.values("href") + page.values("src") if re.match(r"[a-z]+:|//", value)]
    assert outside == []


def test_every_link_inside_the_page_leads_somewhere(page_of, some):
    """No anchor is dead, and none stands twice."""
    page = page_of(
        some.result(version="v1alpha3"), some.failure(), some.error(scenario="traffic-access/was-not-run")
    )
    anchors = page.values("id")
    assert len(anchors) == len(set(anchors))
    assert {value[1:] for value in page.values("href") if value.startswith("#")} <= set(anchors)


def test_verdict_is_a_word_and_a_sign_not_a_colour_alone(page_of, some):
    """Each verdict is there as a word; the sign before it is hidden from screen readers."""
    page = page_of(*(some.result(version=f"v1alpha{n}", verdict=one) for n, one in enumerate(Verdict)))
    for verdict in Verdict:
        assert verdict.value in page.text


def test_failure_shows_all_that_it_rests_on(page_of, some):
    """Requirement, clause, expected, observed, rule, statistics, manifests, wait, evidence, command."""
    text = page_of(some.failure()).text
    for part in (
        "Who is not granted is refused.",
        "all traffic is denied by default",
        "here/client-a was let in",
        "denied",
        "allowed",
        "no TrafficTarget names here/client-a",
        "n 12",
        "kind: TrafficTarget",
        "1.5\N{NO-BREAK SPACE}s".replace("\N{NO-BREAK SPACE}", " "),
        "traffic-access/nobody-is-let-in/v1alpha4",
        "pytest scenarios/traffic-access/nobody-is-let-in.yaml::v1alpha4",
    ):
        assert part in text


def test_failure_is_open_and_a_pass_is_folded(page_of, some):
    """A reader sees at once what did not pass."""
    page = page_of(some.result(version="v1alpha3"), some.failure())
    results = [given for tag, given in page.tags if tag == "details" and given.get("class") == "result"]
    assert ["open" in one for one in results] == [False, True]


def test_error_shows_what_to_try(page_of, some):
    """An errored scenario tells where it broke and what to do."""
    text = page_of(some.error()).text
    for part in ("the pod is gone", "here/shop", "look at its log"):
        assert part in text


def test_page_lists_what_no_scenario_shows(page_of, some):
    """A requirement without a scenario is named as not covered."""
    text = page_of(some.result()).text
    assert "Not covered" in text
    assert text.count("access.bare") >= 3


def test_page_tells_a_scenario_that_was_not_run(page_of, some):
    """A requirement whose scenarios were left out is not passed off as covered by the run."""
    assert "Not run: traffic-access/was-not-run" in page_of(some.result()).text


def test_page_says_at_its_top_that_the_mesh_was_broken_on_purpose(page_of, some):
    """A report with faults cannot be mistaken for one without."""
    assert "Broken on purpose" in page_of(some.failure(), faults=("ignores_weights",)).text
    assert "Broken on purpose" not in page_of(some.failure()).text


def test_page_says_at_its_top_that_the_run_was_cut_short(page_of, some):
    """A report of half a run says so."""
    assert "Not complete" in page_of(some.result(), complete=False, selected=7).text
    assert "Not complete" not in page_of(some.result()).text


def test_words_of_a_mesh_are_shown_and_not_obeyed(page_of, some):
    """What a proxy answered cannot become part of the page."""
    page = page_of(some.failure(headline="<script>alert(1)</script>"))
    assert "<script>alert(1)</script>" in page.text
    assert "script" not in {tag for tag, _ in page.tags}


def test_result_of_an_unknown_requirement_is_not_lost(page_of, some):
    """A scenario whose requirement is not in the catalogue still has its place."""
    assert "Other results" in page_of(some.result(requirements=("access.elsewhere",))).text


def test_page_of_an_empty_run_says_so(page_of):
    """A run that judged nothing has a page, and no verdict in it."""
    page = page_of(complete=False, selected=3)
    assert "0 of 3" in page.text
