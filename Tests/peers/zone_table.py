#!/usr/bin/env python3
"""When the clocks of every zone show a wall time, by Python's own reader of the tz database: the peer of ZoneRules.

usage: zone_table.py YEAR …

Line 1: the zones' names. Then one line per zone: NAME WALL INSTANT WALL INSTANT …, both in seconds, the wall time as if in UTC; a
skipped time as RFC 5545 has it, a repeated one the first. Asked are, of each year, the 29th of each month (28 February where there is
none) at different hours, and the times around each change of the clocks.
"""

import datetime
import sys
import zoneinfo

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1)
# Of the machine or of nobody, not of a place.
ODDITIES = {"localtime", "Factory", "posixrules"}


def offset(zone, seconds):
    at = datetime.datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    return int(at.utcoffset().total_seconds())


def changes(zone, year):
    """(instant, offset before, offset after), to the second."""
    start = int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime.datetime(year + 1, 1, 1, tzinfo=UTC).timestamp())
    step = 5 * 86400
    before = offset(zone, start)
    for left in range(start, end, step):
        right = min(left + step, end)
        after = offset(zone, right)
        if after == before:
            continue
        low, high = left, right
        while high - low > 1:
            middle = (low + high) // 2
            if offset(zone, middle) == before:
                low = middle
            else:
                high = middle
        yield high, before, after
        before = after


def walls(zone, year):
    for month in range(1, 13):
        day = 29 if month != 2 else 28
        yield int((datetime.datetime(year, month, day, month * 2 - 1, 30) - EPOCH).total_seconds())
    for instant, before, after in changes(zone, year):
        low, high = instant + min(before, after), instant + max(before, after)
        yield from (low - 1, low, low + 1, (low + high) // 2, high - 1, high, high + 1)


def main():
    years = [int(year) for year in sys.argv[1:]]
    names = sorted(zoneinfo.available_timezones() - ODDITIES)
    print(*names)
    for name in names:
        zone = zoneinfo.ZoneInfo(name)
        pairs = []
        for year in years:
            for wall in walls(zone, year):
                at = (EPOCH + datetime.timedelta(seconds=wall)).replace(tzinfo=zone, fold=0)
                pairs += [wall, int(at.timestamp())]
        print(name, *pairs)


main()
