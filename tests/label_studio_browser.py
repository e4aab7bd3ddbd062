"""Labels one task of Label Studio as a person does, with a browser; run by tests with the program of another environment.

Usage: python label_studio_browser.py ADDRESS EMAIL PASSWORD PROJECT CLASS PICTURE CHROMIUM.
"""

import re
import sys
from typing import Any


def label(page: Any, address: str, email: str, password: str, project: str, name: str, picture: str) -> None:
    page.goto(f"{address}/user/login")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")
    page.goto(f"{address}/projects/{project}/data?labeling=1")
    choice = page.get_by_text(re.compile(f"^{re.escape(name)}"))  # a number stands behind it: the key that chooses it
    choice.click()
    page.screenshot(path=picture)
    with page.expect_response(lambda answer: answer.request.method == "POST" and "/annotations" in answer.url) as answer:
        page.get_by_role("button", name="Submit").first.click()
    assert answer.value.ok


if __name__ == "__main__":
    from playwright.sync_api import sync_playwright  # of the other environment; pytest looks into this file for doctests

    *arguments, chromium = sys.argv[1:]
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 800})
        opened.set_default_timeout(120_000)
        try:
            label(opened, *arguments)
        finally:
            opened.screenshot(path=arguments[-1].replace(".png", "-after.png"))
            browser.close()
