"""No text makes a pattern go through as many ways as there are: who writes costs what he writes."""

import subprocess
import sys

import pytest

WITHIN_S = 120
"""Many times what all take. A pattern with two ways to read one word needs days for the first."""
TRY_ALL = """
import importlib, pkgutil, re, sys
import services.intake.channels as channels

TIMES = 40
HAN = re.compile("[\\u4e00-\\u9fff]{1,4}")

def try_pattern(pattern):
    words = sorted(set(HAN.findall(pattern.pattern)))
    pairs = [a + b for a, b in zip(words, words[1:])]
    for word in (*words, *pairs, "1", "a", " ", "\\U0001f44d"):
        for text in (word * TIMES + "#", "#" + word * TIMES, word * TIMES):
            pattern.fullmatch(text)
            pattern.search(text)

names = [each.name for each in pkgutil.walk_packages(channels.__path__, channels.__name__ + ".")]
patterns = {}
for name in names:
    for key, value in vars(importlib.import_module(name)).items():
        if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
            patterns[value.pattern] = (f"{name}.{key}", value)
for name, pattern in patterns.values():
    print(name, flush=True)
    try_pattern(pattern)
print(len(patterns), "patterns")
"""


def test_every_pattern_of_the_channels_ends() -> None:
    """In a process of its own: a pattern that does not end holds its interpreter."""
    trying = subprocess.Popen(
        (sys.executable, "-c", TRY_ALL), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        printed, _ = trying.communicate(timeout=WITHIN_S)
    except subprocess.TimeoutExpired:
        trying.kill()
        printed, _ = trying.communicate()
        pytest.fail(f"does not end: {printed.splitlines()[-1]}")
    assert trying.returncode == 0, printed
    assert int(printed.split()[-2]) > 40
