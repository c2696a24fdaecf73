#!/usr/bin/env bash
# Only the format: quick, for an editor or a hook.
cd "$(dirname "$0")/../.." && exec tests/lint/run.sh format
