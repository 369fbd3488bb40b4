"""``corridor law``: flows classified, days compared, rules listed, and what is due."""

from __future__ import annotations

import json
from datetime import date

import pytest

from corridor.controller.policy.law import load_law
from corridor.experiments import cli

CHINESE = ("--from", "CN", "--to", "TH", "--kind", "personal", "--actor", "private")
DAY = ("--as-of", "2026-11-29")


def law(capsys, *words):
    code = cli.main(["law", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def as_json(capsys, *words):
    code, out, err = law(capsys, *words, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_flow_is_classified_with_article_address_and_confidence(capsys):
    numbers = ("--persons", "100000", "--sensitive-persons", "0")
    code, out, err = law(capsys, "classify", *CHINESE, *numbers, *DAY)
    assert (code, err) == (0, "")
    for text in (
        "REQUIRE (confident), data class cn-personal-none",
        "CN-24-8: Provisions on Promoting",
        "art 8",
        "https://www.cac.gov.cn/2024-03/22/c_1712776611775634.htm (text read in a copy)",
        "standard_contract: cn-personal-contract",
        "cn-outbound restrict CN-NO-BASIS, confident: end in CN",
        "not legal advice",
    ):
        assert text in out


def test_what_a_class_may_do_comes_from_the_shipped_sets(capsys):
    told = as_json(capsys, "classify", "--from", "SG", "--to", "CN", "--kind", "personal", *DAY)
    assert told["outcome"] == "require"
    assert {"mechanisms": ["scc"], "data_class": "sg-personal-contract"} in told["ways"]
    told_of_sg = {one["policy"] for one in told["policies"] if one["policy_set"] == "sg"}
    assert told_of_sg == {"SG-DOMESTIC", "SG-NO-BASIS"}
    (rule,) = told["rules"]
    assert rule["official"].startswith("https://sso.agc.gov.sg/")


@pytest.mark.parametrize("origin", ["IN", "BR", "MM"])
def test_what_nobody_researched_is_an_answer_and_no_permission(capsys, origin):
    told = as_json(capsys, "classify", "--from", origin, "--to", "CN", "--kind", "personal", *DAY)
    assert (told["outcome"], told["confidence"]) == ("not-researched", "unsure")
    assert told["not_researched"] == [origin]
    assert told["decided_by"] == []
    said = law(capsys, "classify", "--from", origin, "--to", "CN", "--kind", "personal", *DAY)[1]
    assert "NOT-RESEARCHED" in said
    assert f"corridor law list --jurisdiction {origin}" in said


def test_a_reading_that_decides_is_shown_with_both_answers(capsys):
    flow = (*CHINESE[:-1], "ciio", "--necessity", "contract with the individual")
    _, out, _ = law(capsys, "classify", *flow, *DAY)
    said = " ".join(out.split())
    assert "ALLOW (confident), data class cn-personal-exempt" in out
    assert "The answer rests on the text of the law." in out
    assert "the primary copy must stay in CN" in out
    assert "Disputed interpretations change the answer:" in out
    assert (
        "as-written (chosen): ALLOW (confident), data class cn-personal-exempt; the primary" in said
    )
    assert "strict: REQUIRE (confident), data class cn-personal-none; requires Security" in said
    told = as_json(capsys, "classify", *flow, *DAY, "--reading", "ciio-exemptions=strict")
    assert (told["outcome"], told["kind"]) == ("require", "text")
    (reading,) = told["readings"]
    answers = {one["answer"]: (one["outcome"], one["chosen"]) for one in reading["answers"]}
    assert answers == {"as-written": ("allow", False), "strict": ("require", True)}


def test_an_answer_that_hangs_on_no_reading_shows_none(capsys):
    told = as_json(capsys, "classify", "--from", "SG", "--to", "CN", "--kind", "personal", *DAY)
    assert told["readings"] == []


def test_facts_of_a_file_give_way_to_options(capsys, tmp_path):
    file = tmp_path / "facts.yaml"
    file.write_text("origin: SA\ndestination: CN\nsensitivity: personal\nmechanisms: [scc]\n")
    alone = as_json(capsys, "classify", str(file), *DAY)
    both = as_json(
        capsys, "classify", str(file), *DAY, *("--mechanism", "scc"),
        *("--mechanism", "transfer_purpose", "--mechanism", "transfer_risk_assessment"),
    )  # fmt: skip
    assert (alone["outcome"], both["outcome"]) == ("require", "allow")
    assert both["data_class"] == "sa-personal-contract"


MISTAKES = {
    "no facts": ([], "no facts of the flow are given; give --from and --to, or a file"),
    "no destination": (["--from", "CN"], 'has no "destination"'),
    "an unknown place": (["--from", "CN", "--to", "QQ"], 'no jurisdiction is "QQ"'),
    "an unknown kind": ([*CHINESE[:4], "--kind", "persnal"], 'did you mean "personal"?'),
    "no number": ([*CHINESE, "--persons", "many"], "whole number"),
    "an unknown mechanism": ([*CHINESE, "--mechanism", "sccc"], 'did you mean "scc"?'),
    "a word no rule asks for": ([*CHINESE, "--necessity", "emergenc"], 'did you mean "emergency"?'),
    "an unknown reading": ([*CHINESE, "--reading", "pth=confine"], 'did you mean "path"?'),
    "an unknown answer": ([*CHINESE, "--reading", "path=both"], "recipient or confine"),
    "a reading without an answer": ([*CHINESE, "--reading", "path"], "is not a reading"),
    "a fact without a value": ([*CHINESE, "--fact", "service"], "is not a fact"),
    "an unknown fact": ([*CHINESE, "--fact", "servic=internet"], 'did you mean "service"?'),
    "a file that is not there": (["no-such-file.yaml"], "no-such-file.yaml"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_facts_is_one_line_and_exit_code_2(capsys, mistake):
    words, said = MISTAKES[mistake]
    code, out, err = law(capsys, "classify", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_mistake_in_a_file_of_facts_names_its_line(capsys, tmp_path):
    file = tmp_path / "facts.yaml"
    file.write_text("origin: CN\ndestination: TH\nonward: [SG, QQ]\n")
    code, _, err = law(capsys, "classify", str(file))
    assert code == 2
    assert "facts.yaml:3: " in err


def test_the_first_day_of_2026_shows_what_began(capsys):
    told = as_json(capsys, "diff", "2025-12-31", "2026-01-01")
    kinds = {one["rule"]: one["kind"] for one in told["changes"]}
    assert kinds == {
        "CN-CSL-37": "ends",
        "CN-CSL-37-EXPORT": "ends",
        "CN-CSL-39": "begins",
        "CN-CSL-39-EXPORT": "begins",
        "CN-CERT-20": "begins",
        "VN-PDPL": "begins",
        "VN-PDPL-EX": "begins",
        "HK-CAP653": "begins",
    }
    _, out, _ = law(capsys, "diff", "2025-12-31", "2026-01-01")
    assert "came into force:" in out
    assert "ended:" in out
    assert "Order 20" in out


def test_what_began_in_the_summer_of_2026_is_shown(capsys):
    told = as_json(capsys, "diff", "2026-06-30", "2026-08-25")
    begun = {one["rule"] for one in told["changes"] if one["kind"] == "begins"}
    assert begun == {"VN-CYBER", "VN-333", "KZ-DIGITAL", "KZ-326", "CN-NDS-RISK-2026"}


def test_a_rule_that_changed_and_nobody_knows_how_loses_its_confidence():
    rule = load_law().by_id["SG-26"].model_copy(update={"unsure_from": date(2026, 9, 1)})
    assert rule.confidence_on(date(2026, 8, 31)) == "confident"
    assert rule.confidence_on(date(2026, 9, 1)) == "unsure"


def test_days_in_the_wrong_order_are_refused(capsys):
    assert law(capsys, "diff", "2026-01-02", "2026-01-01")[0] == 2


def test_rules_are_listed_by_jurisdiction_of_a_member_as_of_its_union(capsys):
    french = as_json(capsys, "list", "--jurisdiction", "FR")["rules"]
    assert {"EU-44", "EU-TRANSIT"} <= {one["id"] for one in french}
    assert not any(one["id"].startswith("CN") for one in french)
    code, _, err = law(capsys, "list", "--jurisdiction", "ZZ")
    assert (code, "no jurisdiction" in err) == (2, True)
    code, _, err = law(capsys, "list", "CN-24-44")
    assert (code, 'did you mean "CN-24-4"?' in err) == (2, True)


def test_a_rule_in_full_says_what_was_read_and_what_is_memory(capsys):
    _, out, _ = law(capsys, "list", "OM-PDPL", "CN-24-4", *DAY)
    assert "written from memory, not from a text: the words of the articles on transfer" in out
    assert "looked up 2026-11-29, to be reviewed by" in out


def test_the_calendar_tells_what_begins_and_what_must_be_reviewed(capsys):
    due = as_json(capsys, "calendar", *DAY, "--until", "2027-06-30")["due"]
    assert {"day": "2027-01-01", "what": "begins", "rules": ["LK-26"]} in due
    assert {"day": "2027-01-16", "what": "begins", "rules": ["ID-PP33"]} in due
    assert {"day": "2027-05-13", "what": "begins", "rules": ["IN-DPDP-16"]} in due
    assert [one["day"] for one in due] == sorted(one["day"] for one in due)
    assert "no dates in this period" in law(capsys, "calendar", *DAY, "--until", "2026-11-30")[1]
    assert law(capsys, "calendar", *DAY, "--until", "2026-11-01")[0] == 2


def test_every_rule_that_is_not_repealed_is_due_for_review_some_day(capsys):
    due = as_json(capsys, "calendar", *DAY, "--until", "2099-01-01")["due"]
    named = {name for one in due if one["what"] == "review" for name in one["rules"]}
    assert named == {rule.id for rule in load_law().rules if rule.status != "repealed"}


def test_a_day_past_the_last_review_is_warned_of_in_one_line(capsys):
    flow = ("classify", "--from", "MY", "--to", "CN", "--kind", "personal")
    assert law(capsys, *flow, *DAY)[2] == ""
    _, out, err = law(capsys, *flow, "--as-of", "2031-01-01")
    assert "REQUIRE (uncertain)" in out
    (line,) = err.splitlines()
    assert line.startswith("law: last reviewed on 2026-11-29; changes up to 2031-01-01")
    assert line.endswith("; 1 of its rules is overdue for review: MY-129")


@pytest.mark.parametrize("verb", ["explain", "check"])
def test_verbs_that_judge_by_policies_warn_too(capsys, tmp_path, verb):
    scenario = tmp_path / "small.yaml"
    scenario.write_text(
        "schema: 1\nname: small\ntopology: mini\npolicies: th\ndemands:\n"
        "- {id: out, class: infer, data: th-personal-contract, returns: same-class,\n"
        "   src: bangkok, dst: kunming}\n"
    )
    words = ["out"] if verb == "explain" else []
    assert cli.main([verb, *words, str(scenario), *DAY]) == 0
    assert capsys.readouterr().err == ""
    assert cli.main([verb, *words, str(scenario), "--as-of", "2031-01-01"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("law: last reviewed on 2026-11-29; ")
    assert len(said.err.splitlines()) == 1
    if verb == "explain":
        assert "TH-TRANSFER [TH-28, TH-29] (uncertain)" in said.out
        assert "TH-28: " in said.out
        assert ", uncertain" in said.out.split("Legal references")[1]


def test_policies_that_cite_no_law_are_not_warned_of(capsys):
    assert cli.main(["check", "mini", "--policies", "none", "--as-of", "2031-01-01"]) == 0
    assert capsys.readouterr().err == ""
