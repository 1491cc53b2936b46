#!/usr/bin/env python3
"""Reads a calendar from stdin with Debian's icalendar and prints its events as JSON; exit 1 when it does not parse."""
import json
import sys

from icalendar import Calendar

data = sys.stdin.buffer.read()
for line in data.split(b"\r\n"):
    assert b"\n" not in line and len(line) <= 75, line
    line.decode("utf-8")
calendar = Calendar.from_ical(data)
events = []
for e in calendar.walk("VEVENT"):
    assert not e.errors, e.errors
    at = e["DTSTART"].dt
    events.append({"uid": str(e["UID"]), "summary": str(e["SUMMARY"]), "sequence": int(e["SEQUENCE"]), "start": at.isoformat(),
                   "all_day": not hasattr(at, "hour"), "url": str(e.get("URL", "")), "stamp": e["DTSTAMP"].dt.isoformat()})
zones = [str(z["TZID"]) for z in calendar.walk("VTIMEZONE")]
for z in calendar.walk("VTIMEZONE"):
    z.to_tz()
print(json.dumps({"name": str(calendar.get("X-WR-CALNAME")), "zones": zones, "events": events}))
