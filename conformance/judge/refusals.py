"""Judges objects that an API server would not take: a valid object has to be taken before it can have an effect."""

from conformance.model.refusal import ObjectRefusal
from conformance.model.verdict import Finding, Verdict


def judge_refusal(refusal: ObjectRefusal) -> Finding:
    """Judge one refused object.

    Spec:
        The documents give the fields of each kind and version, and leave it to implementations how an object that
        cannot be meant so is validated (traffic-split v1alpha4, "Specification"). An object that keeps to the
        fields is valid.
    """
    return Finding(
        verdict=Verdict.PASSED if refusal.tolerated else Verdict.FAILED,
        subject=f"{refusal.ref} in {refusal.api_version}",
        expected="the API takes it or refuses it" if refusal.tolerated else "the API takes it",
        observed=refusal.told,
        because=refusal.tolerated or "it keeps to the fields that this version has",
    )
