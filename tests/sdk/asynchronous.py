"""The vendors' clients as others use them: without blocking, raw, by command line, and rudely (gone in the middle of an answer);
and what an account shares between its projects. Ends with 0 when all of it holds."""

import asyncio
import csv
import io
import json
import os
import socket
import subprocess
import sys
import time

ROOT, KEY = os.environ["CLOUD_BASE_URL"], os.environ["CLOUD_API_KEY"]
ADMIN_KEY, MODEL, DATA = os.environ["CLOUD_ADMIN_API_KEY"], os.environ["CLOUD_MODEL"], os.environ["CLOUD_DATA"]
os.environ["DASHSCOPE_HTTP_BASE_URL"] = ROOT + "/api/v1"
os.environ["DASHSCOPE_API_KEY"] = KEY

import dashscope  # noqa: E402
import openai  # noqa: E402
from alibabacloud_modelstudio20260210 import models as studio_models  # noqa: E402
from alibabacloud_modelstudio20260210.client import Client as Studio  # noqa: E402
from alibabacloud_tea_openapi.models import Config  # noqa: E402
from dashscope.v2 import errors  # noqa: E402

HYPER = {"n_epochs": 1, "batch_size": 8, "max_length": 64, "learning_rate": "1e-4"}
ASKED = [{"role": "user", "content": "早餐包含在房价里吗？"}]
STRICT = {"max_retries": 0, "timeout": 120, "_strict_response_validation": True}


async def raises(kind, waited):
    try:
        await waited
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


async def dashscope_without_blocking():
    async with dashscope.AsyncClient(
        base_url=ROOT + "/api/v1", api_key=KEY, max_retries=0, config_path="/nonexistent"
    ) as client:
        file = await client.files.upload(file_path=DATA, description="rows")
        assert (await client.files.get(file.file_id)).size == os.path.getsize(DATA)
        assert (await client.files.list(page_no=1, page_size=1)).total_count >= 1
        assert (await client.models.get(MODEL)).model == MODEL
        await raises(errors.NotFoundError, client.models.get("no-such-model"))
        job = await client.fine_tunes.create(
            model=MODEL, training_file_ids=[file.file_id], mode="efficient_sft", hyper_parameters=HYPER
        )
        assert [event async for event in client.fine_tunes.stream_events(job.job_id) if not event.is_error]
        done = await client.fine_tunes.wait(job, poll_interval=0.2, timeout=240)
        assert done.succeeded and "##FT_COMPLETE##" in (await client.fine_tunes.logs(job.job_id)).content
        served = await client.deployments.create(model=done.finetuned_model, capacity=1, plan="lora")
        assert [event async for event in client.deployments.stream_events(served.deployed_model)]
        ask = {"model": served.deployed_model, "messages": ASKED, "max_tokens": 8, "seed": 1}
        whole = await client.chat.completions.create(**ask)
        pieces = [piece async for piece in await client.chat.completions.create(stream=True, **ask)]
        told = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
        assert told == whole.choices[0].message.content
        await raises(errors.DashScopeError, client.chat.completions.create(model="no-such-model", messages=ASKED))
        several = await asyncio.gather(*(client.chat.completions.create(**ask) for _ in range(8)))
        assert {answer.choices[0].message.content for answer in several} == {told}, "eight at once, one answer"
        older = await dashscope.AioGeneration.call(
            model=served.deployed_model, messages=ASKED, result_format="message", max_tokens=8, seed=1
        )
        assert older.output.choices[0].message.content == told, older
        await client.deployments.delete(served.deployed_model)
        await client.files.delete(file.file_id)


async def openai_without_blocking():
    async with openai.AsyncOpenAI(base_url=ROOT + "/v1", api_key=KEY, **STRICT) as api:
        rows = open(DATA, "rb").read()
        file = await api.files.create(file=("rows.jsonl", rows), purpose="fine-tune")
        chunked = await api.uploads.upload_file_chunked(
            file=rows, filename="c.jsonl", bytes=len(rows), mime_type="text/jsonl", purpose="fine-tune", part_size=1000
        )
        assert (await api.files.content(chunked.file.id)).content == rows
        seen = [one.id async for one in api.files.list(limit=1)]
        assert {file.id, chunked.file.id} <= set(seen) and len(seen) == len(set(seen)), "pages follow each other"
        job = await api.fine_tuning.jobs.create(
            model=MODEL, training_file=file.id, validation_file=chunked.file.id, metadata={"team": "async"},
            method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": 4}}},
        )
        deadline = time.time() + 240
        while job.status != "succeeded":
            assert job.status not in ("failed", "cancelled") and time.time() < deadline, job
            await asyncio.sleep(0.2)
            job = await api.fine_tuning.jobs.retrieve(job.id)
        assert [row.id async for row in api.fine_tuning.jobs.list(metadata={"team": "async"}, limit=1)] == [job.id]
        events = [event async for event in api.fine_tuning.jobs.list_events(job.id, limit=2)]
        assert len({event.id for event in events}) == len(events) > 4
        checkpoints = [row async for row in api.fine_tuning.jobs.checkpoints.list(job.id, limit=1)]
        await result_file(api, job, checkpoints)
        stream = await api.chat.completions.create(model=MODEL, messages=ASKED, max_tokens=8, stream=True)
        assert [chunk async for chunk in stream]
        await raises(openai.NotFoundError, api.chat.completions.create(model="none", messages=ASKED, stream=True))
        return job, checkpoints


async def result_file(api, job, checkpoints):
    """What was measured comes as a table, and agrees with what the checkpoints say."""
    assert len(job.result_files) == 1, job
    file = await api.files.retrieve(job.result_files[0])
    assert file.purpose == "fine-tune-results" and file.filename.endswith(".csv")
    text = (await api.files.content(file.id)).text
    table = list(csv.DictReader(io.StringIO(text)))
    assert set(table[0]) >= {"step", "train_loss", "train_accuracy", "valid_loss", "valid_mean_token_accuracy"}
    losses = {int(row["step"]): row["train_loss"] for row in table}
    for row in checkpoints:
        assert float(losses[row.step_number]) == row.metrics.train_loss, (row, losses)
    assert any(row["valid_loss"] for row in table), "it was evaluated"


def raw():
    api = openai.OpenAI(base_url=ROOT + "/v1", api_key=KEY, **STRICT)
    answer = api.files.with_raw_response.list(limit=1)
    assert answer.headers["x-request-id"] and answer.http_response.status_code == 200 and answer.parse().object == "list"
    ask = {"model": MODEL, "messages": ASKED, "max_tokens": 8, "temperature": 0}
    whole = api.chat.completions.with_raw_response.create(**ask)
    assert whole.headers["content-type"].startswith("application/json")
    said = whole.parse().choices[0].message.content
    with api.chat.completions.with_streaming_response.create(stream=True, **ask) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    assert lines[-1] == "data: [DONE]" and all(line.startswith(("data: ", ":")) for line in lines)
    told = [json.loads(line[6:]) for line in lines[:-1] if line.startswith("data: ")]
    assert "".join(piece["choices"][0]["delta"].get("content") or "" for piece in told if piece["choices"]) == said
    kinds = [
        (openai.AuthenticationError, 401, lambda: api.with_options(api_key="sk-none").models.list()),
        (openai.PermissionDeniedError, 403, lambda: api.models.delete(MODEL)),
        (openai.NotFoundError, 404, lambda: api.files.retrieve("file-none")),
        (openai.BadRequestError, 400, lambda: api.files.list(limit=0)),
        (openai.APIStatusError, 405, lambda: api.put("/models", cast_to=object)),
        (openai.NotFoundError, 404, lambda: api.get("/assistants", cast_to=object)),
    ]
    for kind, status, call in kinds:
        try:
            call()
        except kind as error:
            assert error.status_code == status and error.request_id and error.body["message"], error
        else:
            raise AssertionError(f"{kind.__name__} was expected")


def rude():
    """Clients that go in the middle of a streamed answer: the cloud goes on as if nothing had been."""
    host, port = ROOT.removeprefix("http://").split(":")
    body = json.dumps({"model": MODEL, "messages": ASKED, "max_tokens": 64, "stream": True, "temperature": 0}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    for wait in (False, True) * 20:
        with socket.create_connection((host, int(port))) as gone:
            gone.sendall(head + body)
            if wait:
                assert gone.recv(64).startswith(b"HTTP/1.1 200")
    for _ in range(20):
        with socket.create_connection((host, int(port))) as half:
            half.sendall(head[:-20])
    api = openai.OpenAI(base_url=ROOT + "/v1", api_key=KEY, **STRICT)
    assert api.chat.completions.create(model=MODEL, messages=ASKED, max_tokens=4).choices


def shared(checkpoints):
    """A checkpoint that the account lets another of its projects use."""
    host = ROOT.removeprefix("http://")
    studio = Studio(Config(
        endpoint=host, protocol="HTTP", access_key_id=os.environ["CLOUD_ACCESS_KEY_ID"],
        access_key_secret=os.environ["CLOUD_ACCESS_KEY_SECRET"],
    ))
    project = studio.create_workspace(studio_models.CreateWorkspaceRequest(workspace_name="second")).body.workspace.workspace_id
    made = studio.create_api_key(studio_models.CreateApiKeyRequest(workspace_id=project)).body.api_key
    member = openai.OpenAI(base_url=ROOT + "/v1", api_key=made.api_key_value, **STRICT)
    owner = openai.OpenAI(base_url=ROOT + "/v1", api_key=KEY, **STRICT)
    admin = openai.OpenAI(base_url=ROOT + "/v1", api_key=ADMIN_KEY, **STRICT)
    model = checkpoints[-1].fine_tuned_model_checkpoint
    ask = lambda: member.chat.completions.create(model=model, messages=ASKED, max_tokens=4)

    def fails(kind, call):
        try:
            call()
        except kind:
            return
        raise AssertionError(f"no {kind.__name__} was raised")

    fails(openai.NotFoundError, ask)
    permissions = admin.fine_tuning.checkpoints.permissions
    fails(openai.PermissionDeniedError, lambda: owner.fine_tuning.checkpoints.permissions.create(model, project_ids=[project]))
    created = permissions.create(model, project_ids=[project]).data
    assert [row.project_id for row in created] == [project]
    assert ask().model == model and member.models.retrieve(model).id == model
    assert [row.id for row in permissions.list(model, limit=1, order="ascending")] == [created[0].id]
    assert not permissions.list(model, project_id="llm-none").data
    assert permissions.delete(created[0].id, fine_tuned_model_checkpoint=model).deleted
    fails(openai.NotFoundError, ask)
    fails(openai.NotFoundError, lambda: permissions.delete(created[0].id, fine_tuned_model_checkpoint=model))
    fails(openai.NotFoundError, lambda: permissions.create("none", project_ids=[project]))


def command_line():
    """DashScope's own command, as a person types it."""

    def run(*words, status=0):
        run = "import sys; from dashscope.cli import main; sys.exit(main())"
        done = subprocess.run([sys.executable, "-c", run, *words], capture_output=True, text=True, timeout=240,
                              env=dict(os.environ, COLUMNS="400", HOME="/nonexistent"))
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    url = ROOT + "/api/v1"
    said = run("files", "upload", "--file", DATA, "--purpose", "fine_tune", "--description", "rows", "--base-url", url)
    file = dashscope.Files.list(page=1, page_size=1).output["files"][0]["file_id"]
    assert file in said, said
    assert file in run("files", "get", file, "--base-url", url)
    assert file in run("files", "list", "--base-url", url)
    assert MODEL in run("models", "list") and MODEL in run("models", "get", MODEL)
    job = dashscope.FineTunes.call(MODEL, file, mode="efficient_sft", hyper_parameters=HYPER).output.job_id
    assert job in run("ft", "list")
    run("ft", "stream", job)
    deadline = time.time() + 240
    while dashscope.FineTunes.get(job).output.status != "SUCCEEDED":
        assert time.time() < deadline
        time.sleep(0.2)
    result = dashscope.FineTunes.get(job).output.finetuned_output
    assert result in run("ft", "get", job)
    run("deployments", "create", "--model", result, "--capacity", "1", "--plan", "lora")
    deployed = dashscope.Deployments.list().output.deployments[0].deployed_model
    # Its list holds what the client reads against a kind of answer that the client does not give, so it shows none.
    run("deployments", "list")
    while dashscope.Deployments.get(deployed).output.status != "RUNNING":
        assert time.time() < deadline
        time.sleep(0.2)
    run("deployments", "get", deployed)
    run("generation", "create", "--prompt", "早餐？", "--model", deployed)
    run("generation", "create", "--prompt", "早餐？", "--model", deployed, "--stream")
    run("deployments", "delete", deployed)
    run("ft", "delete", job)
    run("files", "delete", file, "--base-url", url)
    run("files", "get", "no-such-file", "--base-url", url, status=3)


if __name__ == "__main__":
    asyncio.run(dashscope_without_blocking())
    _, kept = asyncio.run(openai_without_blocking())
    raw()
    rude()
    shared(kept)
    command_line()
