"""Says in a sentence what was done and found, for the head of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bidsapp.findings import Findings, Score
from bidsapp.reports.collect import PREPARATION, Visit
from bidsapp.reports.numbers import count, join

_STATES = {
    "done": "finished",
    "failed": "failed",
    "unfinished": "did not finish",
    "unknown": "left no status",
}


def sentence(visits: Sequence[Visit]) -> str:
    """Say how the runs of some visits ended, which analyses ran, and what was skipped."""
    states = Counter(visit.state for visit in visits)
    what = "session" if any(visit.session for visit in visits) else "run"
    endings = join(f"{number} {_STATES[state]}" for state, number in sorted(states.items()))
    if len(states) == 1:
        everyone = "The" if len(visits) == 1 else "Both" if len(visits) == 2 else f"All {len(visits)}"
        endings = f"{everyone} {what if len(visits) == 1 else what + 's'} {_STATES[visits[0].state]}"
    else:
        endings = f"Of {count(len(visits), what)}, {endings}"
    ran = Counter(each.title for visit in visits for each in visit.findings if each.analysis != PREPARATION)
    many = len(visits) > 1
    names = join(f"{title} ({number})" if many else title for title, number in sorted(ran.items()))
    skipped = sorted({name for visit in visits if visit.status for name in visit.status.skipped})
    done = f" Analysed: {names}." if names else " No analysis ran."
    left = f" Skipped: {join(skipped)}." if skipped else ""
    return f"{endings}.{done}{left}"


def lights(findings: Sequence[Findings]) -> list[Score]:
    """Give all scores with a traffic light."""
    return [score for each in findings for score in each.scores if score.light]


def quality_sentence(findings: Sequence[Findings]) -> tuple[str, str]:
    """Give the worst light, and how many quality figures have it; both empty without any."""
    scores = lights(findings)
    if not scores:
        return "", ""
    colours = Counter(score.light for score in scores)
    if colours["red"]:
        return "red", f"{colours['red']} of {count(len(scores), 'quality figure')} outside the limits"
    if colours["amber"]:
        return "amber", f"{colours['amber']} of {count(len(scores), 'quality figure')} to be looked at"
    return "green", f"all {count(len(scores), 'quality figure')} within the limits"
