"""What Scrapy is told for one site, and what a WARC file says of how it was made."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from serving.ads.collecting.manners import Collector, Manners


def about(collector: Collector, manners: Manners) -> dict[str, str]:
    """What stands first in each WARC file."""
    return {
        "software": f"Tegn, Scrapy {version('scrapy')}",
        "format": "WARC File Format 1.0",
        "operator": collector.contact,
        "http-header-user-agent": collector.agent,
        "robots": "obey" if manners.ignore_robots is None else f"ignore ({manners.ignore_robots})",
        "permission": manners.permission,
    }


def settings_of(collector: Collector, manners: Manners, limit: int) -> dict[str, Any]:
    """Scrapy's settings for one site; what it does by itself besides asking is off."""
    return {
        "USER_AGENT": collector.agent,
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml",
            "Accept-Language": "da, en;q=0.5",
            "Accept-Encoding": "gzip, deflate",
        },
        "SCHEDULER": "serving.ads.collecting.spider.CourseScheduler",
        "DOWNLOAD_DELAY": manners.delay,
        "DOWNLOAD_DELAY_JITTER": 0,  # never less than was promised
        "CONCURRENT_REQUESTS": manners.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": manners.concurrency,
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": manners.delay,
        "AUTOTHROTTLE_MAX_DELAY": max(60.0, manners.delay),
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(manners.concurrency),
        "DOWNLOAD_TIMEOUT": manners.timeout,
        "DOWNLOAD_MAXSIZE": limit,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_HANDLERS": dict.fromkeys(("data", "file", "ftp", "s3")),
        "HTTPERROR_ALLOW_ALL": True,
        **dict.fromkeys(
            (
                "COMPRESSION_ENABLED",
                "COOKIES_ENABLED",
                "HTTPPROXY_ENABLED",
                "LOG_ENABLED",
                "MEMUSAGE_ENABLED",
                "METAREFRESH_ENABLED",
                "REDIRECT_ENABLED",
                "REFERER_ENABLED",
                "REMOTE_CONTROL_ENABLED",
                "RETRY_ENABLED",
                "ROBOTSTXT_OBEY",
                "STATS_DUMP",
                "TELNETCONSOLE_ENABLED",
            ),
            False,
        ),
        "LOGSTATS_INTERVAL": 0,
        "LOG_VERSIONS": [],
    }
