"""Answers to the API server's questions about versions."""

from conformance.kubemesh.admission import converted
from conformance.tests.doubles.smi_objects import a_target


def asked(*objects, wanted="access.smi-spec.io/v1alpha4"):
    return converted({"request": {"uid": "u", "desiredAPIVersion": wanted, "objects": list(objects)}})[
        "response"
    ]


def test_objects_come_back_in_the_wanted_version():
    """The API server refuses an answer in another one."""
    answer = asked(a_target("v1alpha2"), a_target("v1alpha3"))
    assert answer["result"]["status"] == "Success"
    assert [one["apiVersion"] for one in answer["convertedObjects"]] == ["access.smi-spec.io/v1alpha4"] * 2


def test_unknown_version_is_told_in_words():
    """Whoever asked sees them."""
    answer = asked(a_target("v1alpha3"), wanted="access.smi-spec.io/v2")
    assert answer["result"]["status"] == "Failed"
    assert "v2" in answer["result"]["message"]


def test_if_one_object_cannot_be_converted_none_is():
    """A list that lacks an object would read as if the object were gone."""
    answer = asked(a_target("v1alpha3"), {"kind": "Odd"})
    assert answer["result"]["status"] == "Failed"
    assert answer["convertedObjects"] == []
