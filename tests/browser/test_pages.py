"""The pages as Chromium shows them: keyboard only, narrow, dark, without script, under the content policy."""

from itertools import pairwise

import pytest

pytestmark = pytest.mark.chromium

PATHS = [
    "/login",
    "/login/plain",
    "/login/problem",
    "/error",
    "/signed-out",
    "/logout-confirm",
    "/logout/stay",
    "/account",
    "/account/nobody",
]

CONTRASTS = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const channel = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = element => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const worded = [...document.querySelectorAll("body *")].filter(element =>
    element.matches("input[type=email]") ||
    [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
  return worded.map(element => {
    const pair = [luminance(parse(getComputedStyle(element).color)), luminance(ground(element))];
    const [light, dark] = pair.sort((a, b) => b - a);
    return [element.tagName + "." + element.className, (light + 0.05) / (dark + 0.05)];
  });
}"""

BASICS = """() => { const ids = [...document.querySelectorAll("[id]")].map(element => element.id); return ({
  lang: document.documentElement.lang,
  titled: document.title.trim() !== "",
  h1: document.querySelectorAll("h1").length,
  main: document.querySelectorAll("main").length,
  levels: [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map(heading => Number(heading.tagName[1])),
  unlabelled: [...document.querySelectorAll("input:not([type=hidden])")].filter(input => !input.labels.length).length,
  nameless: [...document.querySelectorAll("a, button")].filter(control => !control.textContent.trim()).length,
  repeated: ids.length - new Set(ids).size,
  tabindex: document.querySelectorAll("[tabindex]").length,
}); }"""


def focused(page):
    return page.evaluate("(document.activeElement.textContent || document.activeElement.name || '').trim()")


def open_login(page, site):
    """Chromium moves the focus to the field a moment after the page has loaded."""
    page.goto(site.broker + "/login")
    page.locator("input[name=login_hint]:focus").wait_for()


def outline(page):
    return page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")


def test_the_login_page_is_used_by_keyboard_alone(page, site):
    open_login(page, site)
    assert focused(page) == "login_hint"
    page.keyboard.type("alice@contoso.example")
    page.keyboard.press("Enter")
    page.wait_for_url(site.elsewhere + "/")
    assert site.asked[0] == {
        "client_id": "app",
        "redirect_uri": "https://app.example.com/cb",
        "state": "s&<t>",
        "login_hint": "alice@contoso.example",
    }


def test_focus_moves_in_reading_order_and_is_seen(page, site):
    open_login(page, site)
    order = [focused(page)]
    assert outline(page) >= 2
    for _ in range(4):
        page.keyboard.press("Tab")
        order.append(focused(page))
        assert outline(page) >= 2
    assert order == ["login_hint", "Continue", "Contoso AD FS", "Contoso Entra ID", "Cancel"]
    page.keyboard.press("Enter")
    page.wait_for_url(site.broker + "/cancelled")


def test_a_choice_is_made_by_keyboard(page, site):
    open_login(page, site)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(site.elsewhere + "/")
    assert site.asked[0] == {"home_realm": "contoso/adfs"}


def test_signing_out_is_confirmed_by_keyboard_and_may_lead_elsewhere(page, site):
    page.goto(site.broker + "/logout-confirm")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(site.elsewhere + "/")


def test_signing_out_is_cancelled_by_keyboard_and_leads_nowhere_else(page, site):
    page.goto(site.broker + "/logout-confirm")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert focused(page) == "Cancel and stay signed in"
    page.keyboard.press("Enter")
    page.wait_for_url(site.broker + "/logout/stay")
    assert page.get_by_role("heading").inner_text() == "Nothing was changed"
    assert site.asked == []


def test_a_person_ends_an_access_by_keyboard(page, site):
    page.goto(site.broker + "/account")
    order = []
    for _ in range(3):
        page.keyboard.press("Tab")
        order.append(focused(page))
        assert outline(page) >= 2
    assert order == [
        "Sign out of Contoso Ltd here",
        "End the session since 21 Nov 2026, 08:11 UTC",
        "End the access of Expenses",
    ]
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert site.asked == [{"end": "expenses"}]
    parts = page.get_by_role("region").all()
    assert [part.get_by_role("heading", level=2).inner_text() for part in parts] == [
        "Contoso Ltd",
        "A session that cannot be shown",
    ]


def test_the_post_to_an_idp_sends_itself(page, site):
    page.goto(site.broker + "/post")
    page.wait_for_url(site.elsewhere + "/")
    assert site.asked == [{"SAMLRequest": "PHg+", "RelayState": "r"}]


def test_the_idp_may_redirect_after_the_post(page, site):
    """Chromium applies form-action to the redirects that follow a submit."""
    page.goto(site.broker + "/post-hop")
    page.wait_for_url(site.broker + "/landed")


def test_an_application_may_lead_on_to_another_origin_after_its_answer(page, site):
    page.goto(site.broker + "/answer-hop")
    page.wait_for_url(site.broker + "/landed", timeout=5000)
    assert site.asked == [{"code": "c", "state": "s&<t>"}]


def test_the_post_to_an_idp_needs_no_script(chromium, site):
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site.broker + "/post")
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(site.elsewhere + "/")
    assert site.asked == [{"SAMLRequest": "PHg+", "RelayState": "r"}]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_the_accessible_basics(page, site, path):
    page.goto(site.broker + path)
    found = page.evaluate(BASICS)
    levels = found.pop("levels")
    assert found == {
        "lang": "en",
        "titled": True,
        "h1": 1,
        "main": 1,
        "unlabelled": 0,
        "nameless": 0,
        "repeated": 0,
        "tabindex": 0,
    }
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_every_word_is_readable(page, site, path, scheme):
    """WCAG 2.2 §1.4.3: at least 4.5:1."""
    page.emulate_media(color_scheme=scheme)
    page.goto(site.broker + path)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) >= 3
    assert [(name, ratio) for name, ratio in contrasts if ratio < 4.5] == []


def test_light_and_dark_are_two_pictures(page, site):
    grounds = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(site.broker + "/login")
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


@pytest.mark.parametrize("path", PATHS)
def test_a_narrow_screen_never_scrolls_sideways(page, site, path):
    """WCAG 2.2 §1.4.10: 320 CSS pixels."""
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(site.broker + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("path", PATHS)
def test_what_is_pressed_is_large_enough(page, site, path):
    """WCAG 2.2 §2.5.8: 24 by 24 CSS pixels."""
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(site.broker + path)
    sizes = page.evaluate(
        "[...document.querySelectorAll('a, button, input:not([type=hidden])')]"
        ".map(one => one.getBoundingClientRect()).map(box => Math.min(box.width, box.height))"
    )
    assert all(size >= 24 for size in sizes)
