"""What a profile says about a mesh's metrics."""

from datetime import timedelta
from fractions import Fraction

import pytest
import yaml

from conformance.errors import ScenarioError
from conformance.places import fixtures_root
from conformance.providers.loading import load_profile

WRITTEN = {"window": "30s", "lag": "9s", "tolerance": 0.15, "stretch": "5s", "source": ["guess: a test"]}


@pytest.fixture
def load(tmp_path):
    """Load the reference mesh's profile with another section about metrics."""

    def loaded(metrics):
        body = yaml.safe_load((fixtures_root() / "providers" / "reference.yaml").read_text(encoding="utf-8"))
        body.pop("metrics", None)
        path = tmp_path / "reference.yaml"
        path.write_text(yaml.safe_dump({**body, **({"metrics": metrics} if metrics else {})}))
        return load_profile(path).metrics

    return loaded


def test_settings_are_those_of_the_file(load):
    """Durations and fractions come as types; what is left out has its default."""
    found = load(WRITTEN)
    assert (found.window, found.lag, found.stretch) == (
        timedelta(seconds=30),
        timedelta(seconds=9),
        timedelta(seconds=5),
    )
    assert (found.tolerance, found.resolution) == (Fraction(15, 100), 2)


def test_section_may_be_left_out(load):
    """A mesh without metrics needs none."""
    assert load(None).window == timedelta(seconds=30)


@pytest.mark.parametrize(
    "change", [{"tolerance": 1}, {"resolution": 0.5}, {"window": "soon"}, {"delay": "1s"}], ids=str
)
def test_mistakes_are_told(load, change):
    """What cannot be is refused with its line."""
    with pytest.raises(ScenarioError):
        load({**WRITTEN, **change})
