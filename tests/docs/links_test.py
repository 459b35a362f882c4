"""Every link of README.md, CONTRIBUTING.md and docs/ that stays in the repository leads to a file and a heading that exist."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.support import harness  # noqa: E402


def anchors(page):
    """Of its headings, as GitHub makes them: lower case, without punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        pages = [harness.SOURCE / "README.md", harness.SOURCE / "CONTRIBUTING.md", *(harness.SOURCE / "docs").rglob("*.md")]
        links = [(page, target) for page in pages for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text())]
        self.assertGreater(len(links), 40)
        for page, target in links:
            path, _, anchor = target.partition("#")
            if re.match(r"https?:", target):
                continue
            with self.subTest(page=page.name, target=target):
                goal = (page.parent / path).resolve() if path else page
                self.assertTrue(goal.exists(), goal)
                if anchor:
                    self.assertIn(anchor, anchors(goal))


harness.main()
