"""Reads a page in OpenMetrics from stdin by the strict parser of prometheus_client.

Prints "name type samples" for each family; a page that breaks a rule ends in a traceback and status 1.
"""

import sys

from prometheus_client.openmetrics.parser import text_fd_to_metric_families

sys.stdin.reconfigure(encoding="utf-8", newline="")
for family in text_fd_to_metric_families(sys.stdin):
    print(family.name, family.type, len(family.samples))
