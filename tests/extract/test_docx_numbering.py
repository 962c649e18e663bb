from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from transforms.extract.docx.numbering import Numbering, format_number
from transforms.extract.docx.styles import StyleSheet

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def level(number, form, text, extra="", start=1):
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{extra}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def numbering(abstracts, nums, styles=None):
    """`abstracts`: id -> XML of its levels; `nums`: id -> (abstract id, XML of its overrides)."""
    xml = f'<w:numbering xmlns:w="{W}">'
    xml += "".join(f'<w:abstractNum w:abstractNumId="{i}">{levels}</w:abstractNum>' for i, levels in abstracts.items())
    xml += "".join(
        f'<w:num w:numId="{i}"><w:abstractNumId w:val="{a}"/>{overrides}</w:num>' for i, (a, overrides) in nums.items()
    )
    return Numbering(etree.fromstring(xml + "</w:numbering>"), StyleSheet(styles))


OUTLINE = level(0, "decimal", "%1.") + level(1, "lowerLetter", "%2)") + level(2, "lowerRoman", "%1.%2.%3")


def test_counts_and_restarts_deeper_levels():
    found = numbering({"0": OUTLINE}, {"1": ("0", "")})
    assert [found.marker("1", depth) for depth in (0, 1, 1, 0, 1, 2, 2)] == [
        *("1.", "a)", "b)", "2.", "a)"),
        *("2.a.i", "2.a.ii"),
    ]


def test_deep_item_without_parents_counts_their_starts():
    assert numbering({"0": OUTLINE}, {"1": ("0", "")}).marker("1", 2) == "1.a.i"


def test_lists_of_one_definition_share_counters_unless_one_forces_a_start():
    forced = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    found = numbering({"0": OUTLINE}, {"1": ("0", ""), "2": ("0", ""), "3": ("0", forced)})
    assert [found.marker(num, 0) for num in ("1", "2", "3", "3", "1")] == ["1.", "2.", "5.", "6.", "7."]


def test_level_override_replaces_the_format():
    override = f'<w:lvlOverride w:ilvl="0">{level(0, "upperRoman", "(%1)")}</w:lvlOverride>'
    assert numbering({"0": OUTLINE}, {"1": ("0", override)}).marker("1", 0) == "(I)"


def test_restart_rule_keeps_a_level_running():
    never = level(0, "decimal", "%1") + level(1, "decimal", "%2", '<w:lvlRestart w:val="0"/>')
    found = numbering({"0": never}, {"1": ("0", "")})
    assert [found.marker("1", depth) for depth in (0, 1, 0, 1)] == ["1", "1", "2", "2"]


def test_legal_style_shows_all_parts_in_digits():
    legal = level(0, "upperRoman", "%1") + level(1, "decimal", "%1.%2", "<w:isLgl/>")
    found = numbering({"0": legal}, {"1": ("0", "")})
    assert [found.marker("1", depth) for depth in (0, 1)] == ["I", "1.1"]


def test_bullets_and_silent_levels():
    found = numbering({"0": level(0, "bullet", "\uf0b7") + level(1, "none", "")}, {"1": ("0", "")})
    assert (found.marker("1", 0), found.marker("1", 1)) == ("-", "")


def test_unknown_list_or_level_has_no_marker():
    found = numbering({"0": OUTLINE}, {"1": ("0", ""), "2": ("9", "")})
    assert (found.marker("7", 0), found.marker("2", 0), found.marker("1", 8)) == (None, None, None)


def test_start_value_and_missing_start():
    zero = '<w:lvl w:ilvl="1"><w:start w:val="0"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%2"/></w:lvl>'
    found = numbering({"0": level(0, "decimal", "%1", start=4) + zero}, {"1": ("0", "")})
    assert [found.marker("1", depth) for depth in (0, 1)] == ["4", "0"]


def test_link_to_a_numbering_style():
    styles = etree.fromstring(
        f'<w:styles xmlns:w="{W}"><w:style w:type="numbering" w:styleId="Legal"><w:name w:val="Legal"/>'
        '<w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style></w:styles>'
    )
    abstracts = {"0": '<w:numStyleLink w:val="Legal"/>', "1": OUTLINE}
    found = numbering(abstracts, {"1": ("0", ""), "2": ("1", "")}, styles)
    assert [found.marker("1", 0), found.marker("2", 0)] == ["1.", "2."]


def test_level_linked_to_a_style():
    linked = level(0, "decimal", "%1") + level(1, "decimal", "%1.%2", '<w:pStyle w:val="Heading2"/>')
    found = numbering({"0": linked}, {"1": ("0", "")})
    assert found.level_of_style("1", "Heading2", 0) == 1
    assert found.level_of_style("1", "Other", 3) == 3


def test_formats():
    shown = {
        form: [format_number(n, form) for n in (1, 4, 12, 27)] for form in ("lowerLetter", "upperRoman", "ordinal")
    }
    assert shown["lowerLetter"] == ["a", "d", "l", "aa"]
    assert shown["upperRoman"] == ["I", "IV", "XII", "XXVII"]
    assert shown["ordinal"] == ["1st", "4th", "12th", "27th"]
    assert format_number(7, "decimalZero") == "07"
    assert format_number(7, "none") == ""
    assert format_number(7, "japaneseCounting") == "7"
    assert format_number(2, "upperLetter") == "B"
    assert format_number(0, "lowerRoman") == "0"
    assert format_number(0, "lowerLetter") == ""


@given(st.integers(1, 3999))
def test_roman_numbers_read_back(count):
    worth = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
    values = [worth[letter] for letter in format_number(count, "lowerRoman")]
    read = sum(-v if v < max(values[i + 1 :], default=0) else v for i, v in enumerate(values))
    assert read == count


@given(st.lists(st.integers(0, 2), max_size=40))
def test_counters_of_one_level_only_grow_by_one_or_restart(depths):
    found = numbering({"0": "".join(level(i, "decimal", f"%{i + 1}") for i in range(3))}, {"1": ("0", "")})
    running = {}
    for depth in depths:
        shown = int(found.marker("1", depth))
        assert shown == running.get(depth, 0) + 1
        running = {k: v for k, v in running.items() if k < depth} | {depth: shown}
