"""The results of a run as files: results.json, results.xml (JUnit) and a digest of the raw records.

results.json is one object. Two runs with the same seed may differ only in `run`: date, host, durations, versions.
`spec` holds everything that the run was made from, `measurements` the judged values, `information` figures without a
limit, `figures` the data of tables and curves, `records` the digest of the raw records.

Implements: HIL-6
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from hil.results.measurement import Measurement


def passed(measurements: Sequence[Measurement]) -> bool:
    """Return True if at least one measurement was judged and all passed."""
    return bool(measurements) and all(measurement.verdict == "pass" for measurement in measurements)


def records_digest(folder: Path) -> dict[str, Any]:
    """Return the number, bytes and SHA-256 of the files below `folder`: the hash of all names with their own hashes."""
    digest = hashlib.sha256()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    size = 0
    for path in files:
        content = path.read_bytes()
        size += len(content)
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return {"files": len(files), "bytes": size, "sha256": digest.hexdigest()}


def write_json(path: Path, results: dict[str, Any]) -> None:
    """Write results as a file, atomically. Keys keep their order; a figure that is not finite is an error."""
    write_text(path, json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all, in a folder that is made if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Return what `write_json` wrote."""
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def allowed_text(measurement: Measurement) -> str:
    """Return the limits in words, with the unit."""
    lower, upper, unit = measurement.lower, measurement.upper, measurement.unit
    if lower is not None and upper is not None:
        return f"{lower:g} {unit}" if lower == upper else f"{lower:g} to {upper:g} {unit}"
    return f"at least {lower:g} {unit}" if upper is None else f"at most {upper:g} {unit}"


def write_junit(path: Path, suite: str, measurements: Sequence[Measurement]) -> None:
    """Write one test case a measurement, with requirement, kind, value, limits and uncertainty as properties."""
    failures = sum(measurement.verdict == "fail" for measurement in measurements)
    counts: dict[str, Any] = {"tests": str(len(measurements)), "failures": str(failures), "errors": "0", "skipped": "0"}
    root = ElementTree.Element("testsuites", name=suite, **counts)
    element = ElementTree.SubElement(root, "testsuite", name=suite, **counts)
    for measurement in measurements:
        data = measurement.as_dict()
        case = ElementTree.SubElement(
            element, "testcase", classname=f"{suite}.{measurement.kind}", name=measurement.name, time="0"
        )
        properties = ElementTree.SubElement(case, "properties")
        for key in ("req", "kind", "value", "unit", "lower", "upper", "uncertainty"):
            if data[key] is not None:
                ElementTree.SubElement(properties, "property", name=key, value=str(data[key]))
        if measurement.verdict == "fail":
            text = f"{data['value']} {measurement.unit}, allowed {allowed_text(measurement)}"
            text += f", U = {data['uncertainty']} {measurement.unit} (k = 2), {measurement.req}"
            ElementTree.SubElement(case, "failure", message=text, type="limit")
    ElementTree.indent(root, " ")
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
