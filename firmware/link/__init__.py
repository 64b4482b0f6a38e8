"""The programmer link: frames, requests and their answers, reports, telemetry."""
