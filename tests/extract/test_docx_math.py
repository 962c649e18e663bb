import pytest
from lxml import etree

from transforms.extract.docx.math import linear_math

M = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def run(text):
    return f"<m:r><m:t>{text}</m:t></m:r>"


def linear(inner, tag="oMath"):
    return linear_math(etree.fromstring(f'<m:{tag} xmlns:m="{M}">{inner}</m:{tag}>'))


def part(name, text):
    return f"<m:{name}>{text if text.startswith('<') else run(text)}</m:{name}>"


CASES = {
    "fraction": (f"<m:f>{part('num', 'a+b')}{part('den', '2')}</m:f>", "(a+b)/2"),
    "binomial": (
        f'<m:d><m:e><m:f><m:fPr><m:type m:val="noBar"/></m:fPr>{part("num", "n")}{part("den", "k")}</m:f></m:e></m:d>',
        "(n¦k)",
    ),
    "power": (f"<m:sSup>{part('e', 'x')}{part('sup', 'n+1')}</m:sSup>", "x^(n+1)"),
    "index": (f"<m:sSub>{part('e', 'x')}{part('sub', 'i')}</m:sSub>", "x_i"),
    "both": (f"<m:sSubSup>{part('e', 'x')}{part('sub', 'i')}{part('sup', '2')}</m:sSubSup>", "x_i^2"),
    "before": (f"<m:sPre>{part('sub', '6')}{part('sup', '14')}{part('e', 'C')}</m:sPre>", "_6^14 C"),
    "root": (f'<m:rad><m:radPr><m:degHide m:val="1"/></m:radPr><m:deg/>{part("e", "x")}</m:rad>', "√(x)"),
    "cube root": (f"<m:rad>{part('deg', '3')}{part('e', 'x')}</m:rad>", "∛(x)"),
    "nth root": (f"<m:rad>{part('deg', 'n')}{part('e', 'x')}</m:rad>", "√[n](x)"),
    "sum": (
        f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>{part("sub", "i=1")}{part("sup", "n")}'
        f"{part('e', 'i')}</m:nary>",
        "∑_(i=1)^n i",
    ),
    "integral": (
        f'<m:nary><m:naryPr><m:subHide m:val="1"/></m:naryPr>{part("sub", "a")}<m:sup/>{part("e", "f")}</m:nary>',
        "∫ f",
    ),
    "brackets": (
        f'<m:d><m:dPr><m:begChr m:val="["/><m:sepChr m:val=","/><m:endChr m:val="]"/></m:dPr>'
        f"{part('e', 'a')}{part('e', 'b')}</m:d>",
        "[a,b]",
    ),
    "function": (f"{run('a')}<m:func>{part('fName', 'cos')}{part('e', '2x+1')}</m:func>", "a cos(2x+1)"),
    "function of one": (f"<m:func>{part('fName', 'sin')}{part('e', 'x')}</m:func>", "sin x"),
    "limit": (f"<m:limLow>{part('e', 'lim')}{part('lim', 'x→0')}</m:limLow>", "lim_(x→0)"),
    "upper limit": (f"<m:limUpp>{part('e', 'A')}{part('lim', 'n')}</m:limUpp>", "A^n"),
    "matrix": (
        f"<m:m><m:mr>{part('e', 'a')}{part('e', 'b')}</m:mr><m:mr>{part('e', 'c')}{part('e', 'd')}</m:mr></m:m>",
        "[a, b; c, d]",
    ),
    "equations": (f"<m:eqArr>{part('e', 'x=1')}{part('e', 'y=2')}</m:eqArr>", "x=1\ny=2"),
    "accent": (f'<m:acc><m:accPr><m:chr m:val="&#x20D7;"/></m:accPr>{part("e", "v")}</m:acc>', "v\u20d7"),
    "wide accent": (f"<m:acc>{part('e', 'a+b')}</m:acc>", "(a+b)\u0302"),
    "bar": (f"<m:bar>{part('e', 'x')}</m:bar>", "x\u0305"),
    "long bar": (f"<m:bar>{part('e', 'a+b')}</m:bar>", "‾(a+b)"),
    "boxes are transparent": (f"<m:box>{part('e', 'x')}</m:box>", "x"),
    "settings are silent": ("<m:r><m:rPr><m:t>no</m:t></m:rPr><m:t>yes</m:t></m:r>", "yes"),
}


@pytest.mark.parametrize(("inner", "expected"), CASES.values(), ids=CASES)
def test_linear_form(inner, expected):
    assert linear(inner) == expected


def test_equations_of_one_paragraph_stand_on_lines():
    both = f"<m:oMath>{run('a=b')}</m:oMath><m:oMath>{run('c=d')}</m:oMath>"
    assert linear(both, "oMathPara") == "a=b\nc=d"
