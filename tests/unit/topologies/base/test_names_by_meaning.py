"""What planners and analysts write, and what of it is understood: by letters and by meaning.

A wrong guess is worse than none, so what means nothing here must get none.
"""

from __future__ import annotations

import pytest

from corridor.controller.policy.clauses.places import operators, shipped_groups
from corridor.controller.policy.load import load_policies
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import closest
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.catalogue import meanings, shipped_hubs, shipped_systems

ASIA = load_topology("pan-asia")
PLACES = tuple(shipped_groups().members)
RUNNING = {one.operated_by for one in (*ASIA.hubs, *ASIA.fibres)}
OPTIONS = {
    "place": PLACES,
    "hub": tuple(shipped_hubs()),
    "cable": tuple(shipped_systems()),
    "group": tuple(ASIA.srlgs),
    "operator": (*PLACES, *sorted(set().union(*map(operators, RUNNING)))),
    "role": ("coastal", "western", "core", "gateway", "foreign", "transit"),
}
UNDERSTOOD = {
    ("place", "TH"): ("Thailand", "thailand"),
    ("place", "SA"): ("Saudi", "Saudi Arabia", "saudi-arabia"),
    ("place", "PK"): ("Pakistan", "Pakstan"),
    ("place", "CN"): ("China", "Chinna", "cn"),
    ("place", "HK"): ("Hong Kong", "hongkong"),
    ("place", "MO"): ("Macao", "Macau"),
    ("place", "AE"): ("UAE", "Emirates", "United Arab Emirates"),
    ("place", "OM"): ("Oman",),
    ("place", "IN"): ("India",),
    ("place", "VN"): ("Viet Nam", "Vietnam"),
    ("place", "MM"): ("Myanmar",),
    ("place", "SG"): ("Singapore", "Singapur"),
    ("place", "MY"): ("Malaysia",),
    ("place", "sco"): ("SCO", "Shanghai Cooperation Organisation"),
    ("place", "asean"): ("ASEAN",),
    ("place", "gcc"): ("Gulf Cooperation Council",),
    ("place", "eu"): ("EU", "European Union"),
    ("place", "TW"): ("Taiwan",),
    ("place", "KZ"): ("Kazakhstan", "Kazakstan"),
    ("place", "IR"): ("Iran",),
    ("place", "EG"): ("Egypt",),
    ("place", "GB"): ("UK",),
    ("place", "RU"): ("Russia",),
    ("place", "TR"): ("Turkey",),
    ("place", "KR"): ("South Korea",),
    ("hub", "karachi"): ("Karachi", "Karatschi", "karahci", "کراچی"),
    ("hub", "shanghai"): ("上海", "shangahi"),
    ("hub", "beijing"): ("北京",),
    ("hub", "urumqi"): ("乌鲁木齐", "Ürümqi"),
    ("hub", "chengdu"): ("成都",),
    ("hub", "zhangjiakou"): ("怀来", "Huailai"),
    ("hub", "hongkong"): ("hong kong", "Hong Kong"),
    ("hub", "xian"): ("Xi'an", "xi an"),
    ("hub", "chiangmai"): ("Chiang Mai",),
    ("hub", "dammam"): ("Al Khobar",),
    ("hub", "jeddah"): ("Jiddah", "جدة"),
    ("hub", "riyadh"): ("Riyad", "الرياض"),
    ("hub", "bangkok"): ("กรุงเทพฯ", "กรุงเทพ"),
    ("hub", "hochiminh"): ("Ho Chi Minh City",),
    ("hub", "bangalore"): ("Bengaluru",),
    ("hub", "newdelhi"): ("Delhi", "New Delhi"),
    ("hub", "abudhabi"): ("Abu Dhabi",),
    ("hub", "kualalumpur"): ("kuala lumpur",),
    ("hub", "guian"): ("Anshun",),
    ("hub", "gwadar"): ("gwader",),
    ("hub", "lahore"): ("lahor",),
    ("hub", "kunming"): ("Kunmin",),
    ("hub", "frankfurt"): ("Frankfort",),
    ("cable", "smw4"): ("smw-4", "SMW-4", "sea-me-we 4", "SeaMeWe-4"),
    ("cable", "smw5"): ("SEA-ME-WE-5",),
    ("cable", "smw3"): ("SMW 3",),
    ("cable", "aae-1"): ("AAE1", "Asia Africa Europe-1", "Asia-Africa-Europe 1"),
    ("cable", "2africa"): ("2 Africa",),
    ("cable", "tgn-gulf"): ("TGN Gulf",),
    ("cable", "peace"): ("peace cable", "PEACE"),
    ("cable", "sjc2"): ("Southeast Asia-Japan Cable 2",),
    ("cable", "fea"): ("FLAG Europe-Asia",),
    ("cable", "tgn-eurasia"): ("SEACOM",),
    ("cable", "tw1"): ("Transworld",),
    ("cable", "apcn-2"): ("APCN2",),
    ("cable", "iex"): ("India Europe Express",),
    ("cable", "raman"): ("Raman cable",),
    ("cable", "saudi-vision"): ("Saudi vision",),
    ("group", "corridor:red-sea"): ("red sea", "Red Sea", "RedSea", "red-sea"),
    ("group", "corridor:bab-el-mandeb"): ("bab el mandeb", "Bab-el-Mandab"),
    ("group", "corridor:hormuz"): ("strait of hormuz", "Hormuz"),
    ("group", "corridor:malacca"): ("Malacca Strait",),
    ("group", "corridor:karakoram"): ("karakorum",),
    ("group", "corridor:luzon-strait"): ("Luzon",),
    ("group", "corridor:egypt"): ("Egypt",),
    ("group", "cable:aae-1"): ("AAE-1", "aae1"),
    ("operator", "PTCL"): ("ptcl",),
    ("operator", "China Telecom"): ("Chinatelecom",),
    ("operator", "China Mobile"): ("China Moble",),
    ("operator", "China Unicom"): ("china unicom",),
    ("operator", "CN"): ("China",),
    ("operator", "National Telecom"): ("national telecom",),
    ("operator", "e&"): ("e&",),
    ("operator", "PK"): ("Pakistan",),
    ("role", "coastal"): ("costal",),
    ("role", "western"): ("west", "Western"),
    ("role", "gateway"): ("gatway",),
    ("role", "foreign"): ("foreing",),
}
NOT_UNDERSTOOD = {
    "place": (
        "KSA",
        "mainland China",
        "PRC",
        "Burma",
        "USA",
        "PAK",
        "THA",
        "CHN",
        "SGP",
        "SOC",
        "ZZ",
        "QQ",
        "CHI",
        "ABC",
        "Atlantis",
        "west",
        "everyone",
        "NAT",
        "OECD",
        "APEC",
        "BRICS",
        "Schengen",
    ),
    "hub": (
        "Peking",
        "Canton",
        "Jidda",
        "Urumchi",
        "Mong Cai",
        "Bombay",
        "Sydney",
        "Cairo",
        "Kabul",
        "Delft",
        "Rome",
        "Lima",
        "Manila",
        "Male",
        "Seattle",
        "Perth",
        "Tehran",
        "Colombo",
        "Suzhou",
        "Fuzhou",
        "Zhengzhou",
        "Multan",
        "Medina",
        "Phuket",
        "hub1",
        "KL",
    ),
    "cable": ("SMW7", "AAE-3", "SJC3", "FLAG", "Marea", "Dunant", "Echo", "TW2", "SEA-ME-WE"),
    "group": ("Suez", "Black Sea", "North Sea", "Sunda Strait"),
    "operator": ("Lumen", "Etisalcom", "KDDI"),
    "role": ("landing",),
}
"""Some of them mean something to people: nothing in the catalogue says so."""


@pytest.mark.parametrize(
    ("kind", "meant", "written"),
    [(kind, meant, one) for (kind, meant), some in UNDERSTOOD.items() for one in some],
)
def test_what_planners_write_is_understood(kind, meant, written):
    assert closest(written, OPTIONS[kind], meanings()) == [meant]


@pytest.mark.parametrize(
    ("kind", "written"), [(kind, one) for kind, some in NOT_UNDERSTOOD.items() for one in some]
)
def test_what_means_nothing_here_gets_no_guess(kind, written):
    assert closest(written, OPTIONS[kind], meanings()) == []


def test_a_word_for_two_of_a_kind_means_neither():
    assert "korea" not in meanings()
    assert meanings()["hongkong"] == ("hongkong", "HK")
    assert closest("Hong Kong", PLACES, meanings()) == ["HK"]


def test_no_id_means_another_of_its_kind():
    for kind in ("hub", "place", "cable"):
        for one in OPTIONS[kind]:
            assert closest(one, OPTIONS[kind], meanings()) == [one]


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        (
            "{located_in: [Thailand]}",
            'no jurisdiction or group is called "Thailand"; did you mean "TH"?',
        ),
        ("{located_in: [SOC]}", 'no jurisdiction or group is called "SOC"'),
        ("{crosses: [Saudi]}", 'did you mean "SA"?'),
    ],
)
def test_a_policy_that_names_a_country_is_told_its_code(clause, said, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        f"name: mine\npolicies:\n- id: NO\n  effect: restrict\n  hard: {{avoid: {clause}}}\n"
    )
    with pytest.raises(InputError) as caught:
        load_policies(path)
    assert str(caught.value).startswith(f"{path}:5: ")
    assert said in str(caught.value)
    assert ("did you mean" in said) == ("did you mean" in str(caught.value))
