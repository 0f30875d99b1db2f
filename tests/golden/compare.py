"""Holds answers against the recorded ones, and the differences found against the list of known ones
(differences.yaml: for each, where it is and why it is allowed)."""

import fnmatch
import os

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
UNCOMPARED = {"error"}  # words for people; the errcode is compared


def kind(value):
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)) or value == "<ms>":
        return "number"
    return {dict: "object", list: "array", str: "text", type(None): "null"}[type(value)]


def walk(real, ours, path, shape, out):
    """Adds (path, what) for everything that differs."""
    if kind(real) != kind(ours):
        out.append((path, f"{kind(real)} there, {kind(ours)} here: {brief(real)} / {brief(ours)}"))
    elif isinstance(real, dict):
        for key in sorted(set(real) | set(ours)):
            here = f"{path}.{key}" if path else key
            if key in UNCOMPARED:
                continue
            if key not in ours:
                out.append((here, f"missing here: {brief(real[key])}"))
            elif key not in real:
                out.append((here, f"only here: {brief(ours[key])}"))
            else:
                walk(real[key], ours[key], here, shape, out)
    elif isinstance(real, list):
        walk_list(real, ours, path, shape, out)
    elif real != ours and not shape:
        out.append((path, f"{brief(real)} there, {brief(ours)} here"))


def walk_list(real, ours, path, shape, out):
    if shape and real and ours:
        walk(real[0], ours[0], f"{path}.0", shape, out)
        return
    if len(real) != len(ours):
        out.append((path, f"{len(real)} items there, {len(ours)} here: {brief(real)} / {brief(ours)}"))
        return
    for i, (one, other) in enumerate(zip(real, ours)):
        walk(one, other, f"{path}.{i}", shape, out)


def brief(value):
    text = repr(value)
    return text if len(text) <= 160 else text[:157] + "..."


def differences(files, real, ours):
    """[(file, step, path, what)]"""
    found = []
    for name, contents in files:
        for step in contents["steps"]:
            if step.get("skip"):
                continue
            there = real.get(name, {}).get(step["name"])
            if there is None:
                found.append((name, step["name"], "", "not recorded yet: make golden-synapse"))
                continue
            out = []
            walk(there, ours[name][step["name"]], "", step.get("shape", False), out)
            found += [(name, step["name"], path, what) for path, what in out]
        stale = set(real.get(name, {})) - {step["name"] for step in contents["steps"]}
        found += [(name, step, "", "recorded, but no longer asked") for step in sorted(stale)]
    return found


def pushes(real, ours):
    found = []
    for step in real:
        out = []
        walk(real[step], ours.get(step), "", False, out)
        found += [("push", step, path, what) for path, what in out]
    return found


def known():
    with open(os.path.join(HERE, "differences.yaml"), encoding="utf-8") as text:
        listed = yaml.safe_load(text) or []
    for entry in listed:
        if not entry.get("why") or not entry.get("in") or "at" not in entry:
            raise ValueError(f"differences.yaml: in, at and why are needed: {entry}")
    return listed


def judge(found, listed):
    """(unlisted, vanished): differences that nobody explained, and explanations of none."""
    used = set()
    unlisted = []
    for difference in found:
        file, step, path, _ = difference
        hits = [i for i, entry in enumerate(listed)
                if any(fnmatch.fnmatchcase(f"{file}/{step}", pattern) for pattern in as_list(entry["in"]))
                and any(fnmatch.fnmatchcase(path, pattern) for pattern in as_list(entry["at"]))]
        used.update(hits)
        if not hits:
            unlisted.append(difference)
    return unlisted, [entry for i, entry in enumerate(listed) if i not in used]


def as_list(value):
    return value if isinstance(value, list) else [value]
