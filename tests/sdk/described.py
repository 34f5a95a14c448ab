"""Schemathesis reads the embedded cloud's OpenAPI description and sends what it allows and what it does not: no answer may
be a 5xx, have a status or a type of content that is not described, or a shape other than described. Things that are asked
for by id exist, so that whole answers are judged too."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

ROOT, MODEL = os.environ["CLOUD_BASE_URL"], os.environ["CLOUD_MODEL"]
KEY = {"Authorization": "Bearer " + os.environ["CLOUD_API_KEY"]}
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def call(method, path, **more):
    answer = requests.request(method, ROOT + path, headers=KEY, timeout=60, **more)
    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json()


def until(path, wanted):
    deadline = time.monotonic() + 240
    while call("GET", path)["output"]["status"] != wanted:
        assert time.monotonic() < deadline, f"{path} is not {wanted}"
        time.sleep(0.2)


with open(os.environ["CLOUD_DATA"], "rb") as rows:
    file = call("POST", "/api/v1/files", files={"files": rows})["data"]["uploaded_files"][0]["file_id"]
hyper = {"n_epochs": 1, "batch_size": 8, "max_length": 64}
job = call("POST", "/api/v1/fine-tunes", json={"model": MODEL, "training_file_ids": [file], "hyper_parameters": hyper})
job = job["output"]["job_id"]
until(f"/api/v1/fine-tunes/{job}", "SUCCEEDED")
tuned = call("GET", f"/api/v1/fine-tunes/{job}")["output"]["finetuned_output"]
deployed = call("POST", "/api/v1/deployments", json={"model_name": tuned, "plan": "lora", "capacity": 1})["output"]["deployed_model"]
until(f"/api/v1/deployments/{deployed}", "RUNNING")
receipt = call("GET", f"/api/v1/extensions/files/{file}/receipts")["data"]["receipts"][0]["receipt_id"]
openai_job = call("GET", "/v1/fine_tuning/jobs")["data"][0]["id"]

IDS = {
    "/api/v1/files/{id}": file,
    "/api/v1/fine-tunes/{id}": job,
    "/api/v1/fine-tunes/{id}/logs": job,
    "/api/v1/fine-tunes/{id}/stream": job,
    "/api/v1/fine-tunes/{id}/checkpoints": job,
    "/api/v1/deployments/{id}": deployed,
    "/api/v1/deployments/{id}/stream": deployed,
    "/api/v1/extensions/files/{id}/content": file,
    "/api/v1/extensions/files/{id}/receipts": file,
    "/api/v1/extensions/receipts/{id}": receipt,
    "/api/v1/extensions/fine-tunes/{id}/weights": job,
    "/compatible-mode/v1/files/{id}": file,
    "/v1/files/{id}": file,
    "/v1/files/{id}/content": file,
    "/v1/models/{id}": tuned,
    "/v1/fine_tuning/jobs/{id}": openai_job,
    "/v1/fine_tuning/jobs/{id}/events": openai_job,
    "/v1/fine_tuning/jobs/{id}/checkpoints": openai_job,
}
with tempfile.TemporaryDirectory() as folder:
    config = Path(folder, "schemathesis.toml")
    known = [f"[[operations]]\ninclude-name = {json.dumps('GET ' + path)}\nparameters = {{ \"path.id\" = {json.dumps(id)} }}\n"
             for path, id in IDS.items()]
    config.write_text("\n".join(known))
    run = subprocess.run([
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", os.environ["CLOUD_OPENAPI"],
        "--header", "Authorization: " + KEY["Authorization"], "--checks", CHECKS, "--phases", "coverage,fuzzing",
        "--max-examples", "10", "--seed", "7", "--no-color", "--request-timeout", "60",
        # It leaves its notes where it is started.
    ], check=False, cwd=folder)
sys.exit(run.returncode)
