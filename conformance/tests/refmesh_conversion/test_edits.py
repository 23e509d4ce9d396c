"""What becomes of a rendering that somebody changes in another version than the object was written in."""

from copy import deepcopy

import pytest

from conformance.refmesh.conversion import WRITTEN_AS, convert, written
from conformance.spec import ApiVersion
from conformance.tests.doubles.smi_objects import (
    a_group,
    a_port_route,
    a_rule,
    a_split,
    a_target,
    an_account,
    an_entry,
)

_V1, _V2, _V3, _V4 = ApiVersion
_UDP = [a_rule(), a_rule("names", "UDPRoute")]
_BOUND = an_account("callers", kind="IdentityBinding")
_SECRET = an_entry("x", headers={"x-user": "1"})


def _edited(body, version, change):
    """Show *body* in *version* and let *change* loose on it."""
    shown = deepcopy(convert(body, version))
    change(shown)
    return shown


def _as_shown(shown):
    """Give an edited rendering without its memory: the edit and nothing else."""
    return {**shown, "metadata": {"namespace": "here", "name": shown["metadata"]["name"]}}


def test_edit_counts_in_the_version_it_was_made_in():
    """What all versions can say is simply what is shown."""
    shown = _edited(a_target("v1alpha2"), _V4, lambda body: body["spec"].update(rules=[a_rule("other")]))
    assert written(shown) == a_target("v1alpha4", rules=[a_rule("other")])


def test_edited_object_is_shown_in_every_version_as_it_was_edited():
    """The edit is now what was written, and comes back from wherever it is stored."""
    shown = _edited(a_target("v1alpha2"), _V3, lambda body: body["spec"].update(rules=_UDP))
    stored = convert(shown, _V4)
    assert convert(stored, _V3) == _as_shown(shown)
    assert written(convert(stored, _V1)) == _as_shown(shown)


def test_fewer_sources_keep_what_the_version_cannot_show():
    """Whoever takes a source away in v1alpha2 has said nothing against the UDPRoute they could not see."""
    both = [an_account("client-a"), an_account("client-b")]
    shown = _edited(
        a_target("v1alpha4", rules=_UDP, sources=both), _V2, lambda body: body["spec"]["sources"].pop()
    )
    assert written(shown) == a_target("v1alpha4", rules=_UDP)


def test_fewer_sources_keep_the_port_of_an_early_version():
    """The port that v1alpha4 cannot show goes on limiting those who are left."""
    both = [an_account("client-a"), an_account("client-b")]
    shown = _edited(
        a_target("v1alpha1", port=8080, sources=both), _V4, lambda body: body["spec"]["sources"].pop(0)
    )
    assert written(shown) == a_target("v1alpha1", port=8080, sources=both[1:])


def test_new_source_gets_no_rule_that_nobody_showed_its_author():
    """Let in by v1alpha2, a source gets what v1alpha2 shows; the UDPRoute is not shown."""
    new = an_account("client-b")
    shown = _edited(a_target("v1alpha4", rules=_UDP), _V2, lambda body: body["spec"]["sources"].append(new))
    found = written(shown)
    assert found["apiVersion"].endswith("v1alpha2")
    assert found["spec"]["rules"] == [a_rule(), a_rule("names:see-v1alpha4")]
    assert found["spec"]["sources"] == [an_account("client-a"), new]


def test_target_written_anew_as_an_early_version_could_loses_what_it_could_not():
    """Whoever writes v1alpha2's own words over a UDPRoute has taken it away, even without knowing of it."""
    shown = _edited(a_target("v1alpha4", rules=_UDP), _V2, lambda body: body["spec"].update(rules=[a_rule()]))
    assert written(shown) == a_target("v1alpha2")


def test_new_source_leaves_the_others_as_they_were():
    """Where only sources could not be shown, those nobody touched stay, and the new one joins them."""
    new = an_account("client-b")
    shown = _edited(a_target(sources=[_BOUND]), _V3, lambda body: body["spec"]["sources"].append(new))
    assert written(shown) == a_target(sources=[_BOUND, new])


def test_group_of_a_destination_hides_nothing():
    """A group says no more than the kind does, so v1alpha3 shows such a destination in full."""
    target = a_target(destination={**an_account("shop"), "group": "core"}, sources=[_BOUND])
    new = an_account("client-b")
    shown = _edited(target, _V3, lambda body: body["spec"]["sources"].append(new))
    assert written(shown)["spec"] == {**target["spec"], "sources": [_BOUND, new]}


def test_new_source_that_means_nobody_in_its_version_joins_as_nobody():
    """An IdentityBinding of v1alpha3 is no identity; by way of a merge it must not become one."""
    shown = _edited(a_target(sources=[_BOUND]), _V3, lambda body: body["spec"]["sources"].append(_BOUND))
    found = written(shown)
    assert found["apiVersion"].endswith("v1alpha3")
    assert convert(found, _V4)["spec"]["sources"][1]["name"] == "callers:see-v1alpha3"


@pytest.mark.parametrize("field", ["destination", "rules"])
def test_other_edit_of_a_target_counts_as_it_is_shown(field):
    """A rule that leads nowhere goes on leading nowhere: what was hidden behind it is not put elsewhere."""
    changed = {"destination": an_account("bank"), "rules": [a_rule("other")]}[field]
    shown = _edited(a_target("v1alpha2", port=8080), _V4, lambda body: body["spec"].update({field: changed}))
    assert written(shown) == _as_shown(shown)


def test_target_without_its_last_source_is_what_is_shown():
    """No source is left to keep anything for."""
    shown = _edited(a_target("v1alpha4", rules=_UDP), _V2, lambda body: body["spec"].update(sources=[]))
    assert written(shown) == _as_shown(shown)


def test_entry_that_nobody_touched_keeps_its_headers():
    """Another entry, added in v1alpha1, stands beside what v1alpha1 cannot show."""
    new = an_entry("y")
    shown = _edited(a_group("v1alpha4", _SECRET), _V1, lambda body: body["matches"].append(new))
    assert written(shown) == a_group("v1alpha4", _SECRET, new)


def test_entry_that_somebody_touched_is_what_is_shown():
    """Methods changed in v1alpha1: the entry fits what it fits there, which is nothing."""
    shown = _edited(
        a_group("v1alpha4", _SECRET), _V1, lambda body: body["matches"][0].update(methods=["GET"])
    )
    [entry] = written(shown)["spec"]["matches"]
    assert entry == {"name": "x", "pathRegex": r"[^\s\S]", "methods": ["GET"]}


def test_entry_that_could_be_either_of_two_is_what_is_shown():
    """Two entries of one name that read alike in v1alpha1: which one is left cannot be told."""
    twins = [_SECRET, an_entry("x", headers={"x-user": "2"})]
    shown = _edited(a_group("v1alpha4", *twins), _V1, lambda body: body["matches"].pop())
    [entry] = written(shown)["spec"]["matches"]
    assert entry["pathRegex"] == r"[^\s\S]"


def test_entry_that_another_of_its_name_hid_does_not_come_back_alone():
    """Without the first, the second would let in what neither was written nor shown to."""
    entries = [an_entry("x", pathRegex="/b"), an_entry("x", headers={"x-user": "1"})]
    shown = _edited(a_group("v1alpha4", *entries), _V1, lambda body: body["matches"].pop(0))
    [entry] = written(shown)["spec"]["matches"]
    assert entry["pathRegex"] == r"[^\s\S]"


def test_split_keeps_its_matches_when_weights_are_edited():
    """Weights are moved on in v1alpha1, whose quantities become whole numbers; the A/B test stays one."""
    shown = _edited(
        a_split(matches=[a_rule()]),
        _V1,
        lambda body: body["spec"]["backends"][1].update(weight="500m"),
    )
    assert written(shown) == a_split("v1alpha4", {"website-v1": 2, "website-v2": 1}, matches=[a_rule()])


def test_split_with_a_new_root_moves_what_is_shown():
    """Whoever names a root in v1alpha2 asks for a split of all its calls."""
    shown = _edited(a_split(matches=[a_rule()]), _V2, lambda body: body["spec"].update(service="website"))
    assert written(shown) == a_split("v1alpha2")


def test_edited_weights_are_all_in_one_scale():
    """Shown as 1 and 3, edited to 1 and 5: the quantities behind the first must not come back among them."""
    split = a_split("v1alpha1", {"website-v1": "500m", "website-v2": "1500m"})
    shown = _edited(split, _V4, lambda body: body["spec"]["backends"][1].update(weight=5))
    assert written(shown) == a_split("v1alpha4", {"website-v1": 1, "website-v2": 5})


def test_route_keeps_its_ports_whatever_an_early_version_says():
    """There is no field in v1alpha3 by which somebody could mean every port."""
    shown = _edited(a_port_route(ports=[8080]), _V3, lambda body: body.pop("spec"))
    assert written(shown) == a_port_route(ports=[8080])


def test_ports_given_to_an_early_route_count():
    """v1alpha4 can say more than v1alpha3 did."""
    shown = _edited(a_port_route("v1alpha3"), _V4, lambda body: body["spec"]["matches"]["ports"].append(80))
    assert written(shown) == a_port_route(ports=[80])


def test_replaced_object_has_no_past():
    """Whoever writes the whole object anew, without the annotation, has written just that."""
    assert written(_as_shown(convert(a_target("v1alpha2", port=8080), _V4)))["spec"]["rules"] == [
        a_rule("routes:see-v1alpha2")
    ]


def test_edit_takes_the_annotation_along():
    """After an edit in v1alpha3, every other version remembers v1alpha3."""
    shown = _edited(a_target("v1alpha2"), _V3, lambda body: body["spec"].update(rules=_UDP))
    assert '"version":"v1alpha3"' in convert(shown, _V4)["metadata"]["annotations"][WRITTEN_AS]
    assert "annotations" not in convert(shown, _V3)["metadata"]
