"""Which templates a clock can take is a pure function of what it says and of the template."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenant_stack.biometrics.device_capabilities import incompatibility, read_capabilities

VL = {"MultiBioDataSupport": "0:1:0:0:0:0:0:0:1:1", "MultiBioVersion": "0:10:0:0:0:0:0:0:12:39"}
versions = st.one_of(st.just(""), st.integers(0, 60).map(str), st.from_regex(r"[0-9]{1,2}\.[0-9]", fullmatch=True))
slots = st.lists(st.sampled_from(["0", "1", "", "x"]), max_size=12).map(":".join)
infos = st.fixed_dictionaries(
    {},
    optional={
        "~ZKFPVersion": versions,
        "FPVersion": versions,
        "FaceVersion": versions,
        "FingerFunOn": st.sampled_from(["0", "1", "?"]),
        "FaceFunOn": st.sampled_from(["0", "1", "?"]),
        "MultiBioDataSupport": slots,
        "MultiBioVersion": st.lists(versions, max_size=12).map(":".join),
        "anything": st.text(max_size=20),
    },
)
connections = st.sampled_from(["push", "pull"])
types = st.sampled_from(["FINGERPRINT", "FACE", "PALM"])
formats = st.tuples(st.sampled_from(["zk", "iso", "ansi"]), st.integers(1, 60), st.integers(0, 9)).map(
    lambda parts: f"{parts[0]}/{parts[1]}.{parts[2]}"
)


@pytest.mark.parametrize(
    ("connection", "info", "kind", "form", "reason"),
    [
        ("pull", {"~ZKFPVersion": "10"}, "FINGERPRINT", "zk/10.0", None),
        ("pull", {"~ZKFPVersion": "10"}, "FINGERPRINT", "zk/9.0", "algorithm 10"),
        ("pull", {}, "FINGERPRINT", "zk/10.0", "not said"),
        ("pull", {"FaceFunOn": "1", "ZKFaceVersion": "7"}, "FACE", "zk/7.0", "push"),
        ("push", {"FPVersion": "10"}, "FINGERPRINT", "zk/10.3", None),
        ("push", {"FPVersion": "12"}, "FINGERPRINT", "zk/13.0", "algorithm 12"),
        ("push", {"FPVersion": "10"}, "FINGERPRINT", "iso/10.0", "own format"),
        ("push", {"FPVersion": "10", "FingerFunOn": "0"}, "FINGERPRINT", "zk/10.0", "no fingerprint reader"),
        ("push", {"FaceVersion": "7", "FaceFunOn": "1"}, "FACE", "zk/7.0", None),
        ("push", {"FaceVersion": "7", "FaceFunOn": "0"}, "FACE", "zk/7.0", "no faces"),
        ("push", {"FaceVersion": "7", "FaceFunOn": "1"}, "FACE", "zk/39.1", "not said"),
        ("push", VL, "FACE", "zk/39.1", None),
        ("push", VL, "FACE", "zk/35.0", "algorithm 39"),
        ("push", VL, "FACE", "zk/7.0", "no faces"),
        ("push", VL, "PALM", "zk/12.0", None),
        ("push", VL, "PALM", "zk/10.0", "algorithm 12"),
        ("push", {"FPVersion": "10"}, "PALM", "zk/12.0", "palms"),
    ],
)
def test_known_clocks(connection: str, info: dict[str, str], kind: str, form: str, reason: str | None) -> None:
    answer = incompatibility(read_capabilities(connection, info), kind, form)
    assert (answer is None) if reason is None else (answer is not None and reason in answer)


@given(connections, infos, types, formats)
def test_a_clock_takes_only_what_it_has_named(connection: str, info: dict[str, str], kind: str, form: str) -> None:
    answer = incompatibility(read_capabilities(connection, info), kind, form)
    if answer is not None:
        assert answer == answer.strip() != ""
        return
    assert form.startswith("zk/")
    assert connection == "push" or kind == "FINGERPRINT"
    major = int(form[3:].split(".")[0])
    said = " ".join(info.values())
    assert kind == "PALM" or str(major) in said  # a version that it never said is never taken


@given(infos, types, formats)
def test_names_are_read_whatever_their_case_and_prefix(info: dict[str, str], kind: str, form: str) -> None:
    shouted = {name.lstrip("~").upper(): value for name, value in info.items()}
    assert incompatibility(read_capabilities("push", shouted), kind, form) == incompatibility(
        read_capabilities("push", info), kind, form
    )


@given(connections, infos)
def test_two_algorithms_never_both_fit(connection: str, info: dict[str, str]) -> None:
    capabilities = read_capabilities(connection, info)
    taken = [major for major in range(1, 61) if incompatibility(capabilities, "FINGERPRINT", f"zk/{major}.0") is None]
    assert len(taken) <= 1
