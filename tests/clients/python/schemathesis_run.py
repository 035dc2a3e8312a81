"""Lets schemathesis ask what the OpenAPI document says, within the rules of the document and beyond them."""

import os
import re
import subprocess
import sys
import tempfile

import model
from model import require

# Seconds of the whole run.
SECONDS = 30
# 501 is said of what the document cannot tell apart, such as $search behind $apply.
SETTINGS = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "501"]
"""
# The value of $filter and of its like is a language of its own, which a schema does not describe, so much of what fits the
# schema is refused.
NOT_CHECKED = "positive_data_acceptance"


def main():
    [root] = model.root_arguments()
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    with tempfile.TemporaryDirectory() as place:
        settings = os.path.join(place, "schemathesis.toml")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(SETTINGS)
        command = [program, "--config-file", settings, "run", root + "$openapi", "--no-color", "--workers", "2"]
        command += ["--phases", "examples,coverage,fuzzing", "--exclude-checks", NOT_CHECKED]
        command += ["--seed", "1", "--max-time", str(SECONDS), "--max-examples", "20", "--request-timeout", "20"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=SECONDS + 240, check=False)
    require(done.returncode == 0, f"schemathesis ended with {done.returncode}\n{done.stdout}{done.stderr}")
    asked = re.search(r"(\d+) generated", done.stdout)
    require(asked and int(asked.group(1)) > 100, f"schemathesis asked too little\n{done.stdout}")
    print(f"schemathesis made {asked.group(1)} requests and found nothing wrong")


main()
